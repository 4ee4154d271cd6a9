#include "eval/svg.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int ai_svg_begin(struct ai_svg *s, double width, double height)
{
    return ai_buf_printf(s->out, s->err,
                         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0fpt\" height=\"%.0fpt\" "
                         "viewBox=\"0 0 %.0f %.0f\">\n"
                         "<style>text { font-family: Helvetica, Arial, sans-serif; font-size: 7.5px; fill: #222 } "
                         ".tick { font-size: 6.5px; fill: #444 } .title { font-weight: bold; font-size: 8px }</style>\n"
                         "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                         width, height, width, height);
}

int ai_svg_end(struct ai_svg *s)
{
    return ai_buf_puts(s->out, "</svg>\n", s->err);
}

static int put_escaped(struct ai_svg *s, const char *text)
{
    size_t n = strlen(text);
    bool utf8 = ai_utf8_check(text, n) == n; /* a file's name need not be */

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool shown = c >= 32 && c != 127 && (utf8 || c < 128);
        const char *entity = !shown ? "?" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : NULL;

        if (entity ? ai_buf_puts(s->out, entity, s->err) : ai_buf_put(s->out, text, 1, s->err))
            return -1;
    }
    return 0;
}

int ai_svg_text(struct ai_svg *s, double x, double y, const char *anchor, const char *class, double angle,
                const char *text)
{
    if (ai_buf_printf(s->out, s->err, "<text class=\"%s\" text-anchor=\"%s\" ", class, anchor) ||
        (angle != 0 ? ai_buf_printf(s->out, s->err, "transform=\"translate(%.2f %.2f) rotate(%.0f)\">", x, y, angle)
                    : ai_buf_printf(s->out, s->err, "x=\"%.2f\" y=\"%.2f\">", x, y)) ||
        put_escaped(s, text))
        return -1;
    return ai_buf_puts(s->out, "</text>\n", s->err);
}

double ai_svg_width_of(const char *text)
{
    double n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return 4.3 * n; /* fonts differ: a wide one */
}

double ai_plot_x(const struct ai_plot *p, double x)
{
    return p->x + p->w * (x - p->x0) / (p->x1 - p->x0);
}

double ai_plot_y(const struct ai_plot *p, double y)
{
    return p->y + p->h - p->h * (y - p->y0) / (p->y1 - p->y0);
}

double ai_plot_step(double from, double to, int most)
{
    static const double factors[] = {1, 2, 2.5, 5, 10};
    double least = (to - from) / most, unit = pow(10, floor(log10(least)));

    for (int i = 0; i < 5; i++)
        if (factors[i] * unit >= least * (1 - 1e-9))
            return factors[i] * unit;
    return 10 * unit;
}

static int put_tick(struct ai_svg *s, double x, double y, const char *anchor, double v, double step)
{
    char text[32];
    int decimals = 0;

    for (double u = step; decimals < 4 && fabs(u - round(u)) > 1e-6; u *= 10)
        decimals++;
    snprintf(text, sizeof text, "%.*f", decimals, fabs(v) < 1e-9 * step ? 0 : v); /* no -0 */
    return ai_svg_text(s, x, y, anchor, "tick", 0, text);
}

int ai_plot_axes(struct ai_svg *s, const struct ai_plot *p, const char *title, const char *x_name, double x_step,
                 const char *y_name, double y_step)
{
    double bottom = p->y + p->h, right = p->x + p->w;

    for (double v = ceil(p->y0 / y_step - 1e-6) * y_step; v <= p->y1 + 1e-6 * y_step; v += y_step) {
        double y = ai_plot_y(p, v);

        if (ai_svg_stroke(s, p->x, y, right, y, "#e4e4e4", 0.5, "") ||
            ai_svg_stroke(s, p->x - 2.5, y, p->x, y, "#333", 0.6, "") ||
            put_tick(s, p->x - 4.5, y + 2.3, "end", v, y_step))
            return -1;
    }
    for (double v = ceil(p->x0 / x_step - 1e-6) * x_step; x_step > 0 && v <= p->x1 + 1e-6 * x_step; v += x_step) {
        double x = ai_plot_x(p, v);

        if (ai_svg_stroke(s, x, bottom, x, bottom + 2.5, "#333", 0.6, "") ||
            put_tick(s, x, bottom + 9.5, "middle", v, x_step))
            return -1;
    }
    return ai_svg_stroke(s, p->x, p->y, p->x, bottom, "#333", 0.6, "") ||
                   ai_svg_stroke(s, p->x, bottom, right, bottom, "#333", 0.6, "") ||
                   ai_svg_text(s, p->x + p->w / 2, bottom + 20, "middle", "label", 0, x_name) ||
                   ai_svg_text(s, p->x - 22, p->y + p->h / 2, "middle", "label", -90, y_name) ||
                   ai_svg_text(s, p->x, p->y - 8, "start", "title", 0, title)
               ? -1
               : 0;
}

/* An own piece of the picture: what leaves it is not drawn. */
static int begin_clip(struct ai_svg *s, const struct ai_plot *p)
{
    return ai_buf_printf(s->out, s->err,
                         "<svg x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" viewBox=\"%.2f %.2f %.2f %.2f\">\n",
                         p->x, p->y - 2, p->w + 2, p->h + 2, p->x, p->y - 2, p->w + 2, p->h + 2);
}

int ai_plot_line(struct ai_svg *s, const struct ai_plot *p, const struct ai_xy *points, size_t n, const char *color,
                 double width, const char *dash)
{
    bool pen = false;

    if (begin_clip(s, p) || ai_buf_printf(s->out, s->err, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.2f\" "
                                                          "stroke-linejoin=\"round\"%s%s%s d=\"",
                                          color, width, *dash ? " stroke-dasharray=\"" : "", dash, *dash ? "\"" : ""))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (isnan(points[i].y)) {
            pen = false;
            continue;
        }
        if (ai_buf_printf(s->out, s->err, "%s%.2f %.2f", pen ? "L" : "M", ai_plot_x(p, points[i].x),
                          ai_plot_y(p, points[i].y)))
            return -1;
        pen = true;
    }
    return ai_buf_puts(s->out, "\"/>\n</svg>\n", s->err);
}

int ai_plot_band(struct ai_svg *s, const struct ai_plot *p, const struct ai_xy *low, const struct ai_xy *high, size_t n,
                 const char *color)
{
    if (begin_clip(s, p) || ai_buf_printf(s->out, s->err, "<path fill=\"%s\" d=\"", color))
        return -1;
    for (size_t i = 0; i < 2 * n; i++) {
        const struct ai_xy *v = i < n ? &low[i] : &high[2 * n - 1 - i];

        if (ai_buf_printf(s->out, s->err, "%s%.2f %.2f", i ? "L" : "M", ai_plot_x(p, v->x), ai_plot_y(p, v->y)))
            return -1;
    }
    return ai_buf_puts(s->out, "Z\"/>\n</svg>\n", s->err);
}

static int end_named(struct ai_svg *s, const char *element, const char *names)
{
    if (!names)
        return ai_buf_puts(s->out, "/>\n", s->err);
    if (ai_buf_puts(s->out, "><title>", s->err) || put_escaped(s, names))
        return -1;
    return ai_buf_printf(s->out, s->err, "</title></%s>\n", element);
}

int ai_svg_mark(struct ai_svg *s, double x, double y, double size, int shape, const char *color, const char *names)
{
    static const double corners[][4][2] = { /* all but the circle, within [-1, 1] */
        {{0, -1.15}, {1.05, 0.75}, {-1.05, 0.75}, {-1.05, 0.75}},
        {{0, -1.2}, {1.2, 0}, {0, 1.2}, {-1.2, 0}},
        {{-0.85, -0.85}, {0.85, -0.85}, {0.85, 0.85}, {-0.85, 0.85}},
        {{0, 1.15}, {1.05, -0.75}, {-1.05, -0.75}, {-1.05, -0.75}},
    };
    int which = shape % 5;

    if (which == 0) {
        if (ai_buf_printf(s->out, s->err, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\"", x, y, size * 0.92))
            return -1;
    } else {
        if (ai_buf_puts(s->out, "<path d=\"", s->err))
            return -1;
        for (int i = 0; i < 4; i++)
            if (ai_buf_printf(s->out, s->err, "%s%.2f %.2f", i ? "L" : "M", x + size * corners[which - 1][i][0],
                              y + size * corners[which - 1][i][1]))
                return -1;
        if (ai_buf_puts(s->out, "Z\"", s->err))
            return -1;
    }
    if (ai_buf_printf(s->out, s->err, " fill=\"%s\" stroke=\"#fff\" stroke-width=\"0.5\"", color))
        return -1;
    return end_named(s, which == 0 ? "circle" : "path", names);
}

int ai_svg_bar(struct ai_svg *s, double x, double y, double w, double h, const char *color, const char *names)
{
    if (ai_buf_printf(s->out, s->err, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"", x, y, w,
                      h, color))
        return -1;
    return end_named(s, "rect", names);
}

int ai_svg_stroke(struct ai_svg *s, double x1, double y1, double x2, double y2, const char *color, double width,
                  const char *dash)
{
    return ai_buf_printf(s->out, s->err,
                         "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" "
                         "stroke-width=\"%.2f\"%s%s%s/>\n",
                         x1, y1, x2, y2, color, width, *dash ? " stroke-dasharray=\"" : "", dash, *dash ? "\"" : "");
}

const char *ai_svg_color(size_t i)
{
    static const char *const colors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31"};

    return colors[i % (sizeof colors / sizeof *colors)];
}
