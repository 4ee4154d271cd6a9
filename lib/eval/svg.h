/* Drawing in SVG: a page in points, plots with axes on it. */
#ifndef AI_EVAL_SVG_H
#define AI_EVAL_SVG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Every function returns 0 or -1 with err, and appends. */
struct ai_svg { struct ai_buf *out; struct ai_err *err; };

int ai_svg_begin(struct ai_svg *s, double width, double height) AI_CHECKED;
int ai_svg_end(struct ai_svg *s) AI_CHECKED;

/* anchor: "start", "middle" or "end"; class: "label", "tick" or "title".  angle in degrees. */
int ai_svg_text(struct ai_svg *s, double x, double y, const char *anchor, const char *class, double angle,
                const char *text) AI_CHECKED;
/* About how wide a text of class label is. */
double ai_svg_width_of(const char *text);

/* A rectangle on the page, [x, x + w] from the left and [y, y + h] from the top, that
 * shows [x0, x1] and [y0, y1], y upwards. */
struct ai_plot { double x, y, w, h, x0, x1, y0, y1; };

double ai_plot_x(const struct ai_plot *p, double x);
double ai_plot_y(const struct ai_plot *p, double y);

/* A round distance between at most `most` ticks on [from, to]. */
double ai_plot_step(double from, double to, int most);
/* Left and lower axis, ticks, numbers, names, and faint lines across for y.  x_step 0: no x ticks. */
int ai_plot_axes(struct ai_svg *s, const struct ai_plot *p, const char *title, const char *x_name, double x_step,
                 const char *y_name, double y_step) AI_CHECKED;

struct ai_xy { double x, y; };

/* A line through n points, in the plot's units; a gap where y is NAN.  dash: "" or as stroke-dasharray.
 * What lies outside the plot is cut off. */
int ai_plot_line(struct ai_svg *s, const struct ai_plot *p, const struct ai_xy *points, size_t n, const char *color,
                 double width, const char *dash) AI_CHECKED;
/* The area between two lines over the same x. */
int ai_plot_band(struct ai_svg *s, const struct ai_plot *p, const struct ai_xy *low, const struct ai_xy *high, size_t n,
                 const char *color) AI_CHECKED;
/* Mark number `shape` at a place of the page; names: what a reader that points at it sees, or NULL. */
int ai_svg_mark(struct ai_svg *s, double x, double y, double size, int shape, const char *color,
                const char *names) AI_CHECKED;
int ai_svg_bar(struct ai_svg *s, double x, double y, double w, double h, const char *color,
               const char *names) AI_CHECKED;
int ai_svg_stroke(struct ai_svg *s, double x1, double y1, double x2, double y2, const char *color, double width,
                  const char *dash) AI_CHECKED;

/* Colours that the colour-blind can tell apart (Okabe and Ito 2008); i of any size. */
const char *ai_svg_color(size_t i);

#endif
