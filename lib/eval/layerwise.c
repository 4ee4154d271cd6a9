#include "eval/layerwise.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "eval/grid.h"
#include "eval/svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ai_layerwise_free(struct ai_layerwise *l)
{
    free(l->id);
    free(l->label);
    free(l->row);
    memset(l, 0, sizeof *l);
}

/* ---- reading ---- */

/* While reading: the document of that number, kept until one with that id comes. */
struct search {
    const char *which;
    bool found, by_id, ended;
};

static bool is_number(const char *s, uint64_t *number)
{
    *number = 0;
    for (const char *p = s; *p; p++) {
        if (*p < '0' || *p > '9' || *number > (UINT64_MAX - 9) / 10)
            return false;
        *number = *number * 10 + (uint64_t)(*p - '0');
    }
    return *s != '\0';
}

static int take_doc(struct ai_layerwise *l, struct search *s, const struct ai_record *rec, struct ai_err *err)
{
    unsigned layers = l->layers;
    struct ai_doc doc;
    uint64_t number;
    bool by_id, wanted;

    if (ai_doc_decode(rec, &doc, err))
        return -1;
    by_id = s->which && doc.id && strcmp(doc.id, s->which) == 0;
    wanted = by_id || (!s->found && (!s->which || (is_number(s->which, &number) && number == doc.number)));
    if (wanted && !s->by_id) {
        ai_layerwise_free(l);
        *l = (struct ai_layerwise){.number = doc.number, .id = doc.id, .label = doc.label, .layers = layers};
        doc.id = doc.label = NULL;
        *s = (struct search){s->which, true, by_id || !s->which, false};
    }
    ai_doc_free(&doc);
    return 0;
}

static int take_features(struct ai_layerwise *l, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_features f;

    if (ai_features_decode(rec, &f, err))
        return -1;
    if (f.doc != l->number || f.step)
        return 0;
    if (f.layer > l->layers)
        return ai_fail(err, AI_EINPUT, "layer %u of %u", f.layer, l->layers);
    if (l->n && f.layer <= l->row[l->n - 1].layer)
        return ai_fail(err, AI_EINPUT, "layer %u after layer %u: one position of a document is wanted", f.layer,
                       l->row[l->n - 1].layer);
    if (ai_grow(&l->row, &l->cap, l->n + 1, sizeof *l->row, err))
        return -1;
    l->row[l->n++] = f;
    return 0;
}

static int take(struct ai_layerwise *l, struct search *s, const struct ai_record *rec, struct ai_err *err)
{
    uint64_t number;

    if (rec->type == AI_REC_DOC)
        return take_doc(l, s, rec, err);
    if (rec->type == AI_REC_FEATURES)
        return s->found ? take_features(l, rec, err) : 0;
    if (rec->type == AI_REC_DOC_END && s->found) {
        if (ai_record_doc(rec, &number, err))
            return -1;
        s->ended |= number == l->number;
    }
    return 0;
}

int ai_layerwise_read(struct ai_layerwise *l, int fd, const char *name, const char *which, struct ai_err *err)
{
    struct ai_reader *reader = ai_reader_open(fd, name, AI_KIND_FEATURES, err);
    struct search s = {.which = which};
    struct ai_record rec;
    uint64_t layers;
    int rc = -1;

    memset(l, 0, sizeof *l);
    if (!reader)
        return -1;
    if (ai_meta_u64(ai_reader_meta(reader), "layers", UINT16_MAX, &layers, err)) {
        ai_err_at(err, "%s", name);
    } else {
        l->layers = (unsigned)layers;
        while (!(s.ended && s.by_id) && (rc = ai_reader_next(reader, &rec, err)) == 1)
            if (take(l, &s, &rec, err)) {
                rc = ai_reader_err_at(reader, err);
                break;
            }
    }
    ai_reader_free(reader);
    if (rc >= 0 && !s.found)
        rc = ai_fail(err, AI_EINPUT, "%s: no document %s", name, which ? which : "at all");
    if (rc < 0)
        ai_layerwise_free(l);
    return rc < 0 ? -1 : 0;
}

/* The id decides where both have one. */
static int is_same(const struct ai_layerwise *l, const struct ai_record *rec, bool *same, struct ai_err *err)
{
    struct ai_doc doc;

    if (ai_doc_decode(rec, &doc, err))
        return -1;
    *same = l->id && doc.id ? strcmp(l->id, doc.id) == 0 : doc.number == l->number;
    ai_doc_free(&doc);
    return 0;
}

static int look_for_stop(struct ai_layerwise *l, struct ai_reader *reader, struct ai_err *err)
{
    struct ai_decision d;
    struct ai_record rec;
    uint64_t number = 0, wanted = 0;
    bool known = false, same;
    int rc;

    while (!l->decided && (rc = ai_reader_next(reader, &rec, err)) == 1) {
        if (rec.type == AI_REC_DOC) {
            if (ai_record_doc(&rec, &number, err) || is_same(l, &rec, &same, err))
                return ai_reader_err_at(reader, err);
            wanted = same ? number : wanted;
            known |= same;
        } else if (rec.type == AI_REC_DECISION) {
            if (ai_decision_decode(&rec, &d, err))
                return ai_reader_err_at(reader, err);
            l->decided = known && d.doc == wanted && d.step == 0;
            l->stopped = d.layer;
        }
    }
    return l->decided ? 0 : rc;
}

int ai_layerwise_stop(struct ai_layerwise *l, int fd, const char *name, struct ai_err *err)
{
    struct ai_reader *reader = ai_reader_open(fd, name, AI_KIND_DECISIONS, err);
    int rc = reader ? look_for_stop(l, reader, err) : -1;

    ai_reader_free(reader);
    if (rc == 0 && !l->decided)
        rc = ai_fail(err, AI_EINPUT, "%s: no decision on document %" PRIu64 "%s%.100s", name, l->number,
                     l->id ? ", " : "", l->id ? l->id : "");
    return rc;
}

/* ---- showing ---- */

/* A token in a cell: blanks and line ends visible, cut to a few characters. */
static int show_token(const struct ai_token_text *text, uint32_t token, char cell[AI_GRID_CELL], struct ai_err *err)
{
    enum { KEEP = 16 };
    struct ai_buf raw = {0};
    size_t n = 0;
    int chars = 0;

    if (!text) {
        snprintf(cell, AI_GRID_CELL, "%" PRIu32, token);
        return 0;
    }
    if (text->put(text->arg, token, &raw, err)) {
        ai_buf_free(&raw);
        return -1;
    }
    if (raw.len && ai_utf8_check((const char *)raw.data, raw.len) != raw.len) { /* part of a character */
        for (size_t i = 0; i < raw.len && n + 3 < AI_GRID_CELL; i++)
            n += (size_t)snprintf(cell + n, AI_GRID_CELL - n, "%02x", raw.data[i]);
        raw.len = 0;
    }
    for (size_t i = 0; i < raw.len && n + 8 < AI_GRID_CELL; i++) {
        unsigned char c = raw.data[i];

        if ((c & 0xc0) != 0x80 && chars++ == KEEP) {
            n += (size_t)snprintf(cell + n, AI_GRID_CELL - n, "…");
            break;
        }
        if (c == ' ')
            n += (size_t)snprintf(cell + n, AI_GRID_CELL - n, i ? " " : "·");
        else if (c < 32 || c == 127)
            n += (size_t)snprintf(cell + n, AI_GRID_CELL - n, c == '\n' ? "\\n" : "\\x%02x", c);
        else
            cell[n++] = (char)c;
    }
    cell[n] = '\0';
    ai_buf_free(&raw);
    return 0;
}

static void title(const struct ai_layerwise *l, char *out, size_t size)
{
    char id[AI_GRID_CELL] = "", label[AI_GRID_CELL] = "", first[256];

    if (l->id)
        ai_cell_name(id, l->id);
    if (l->label) { /* of several right answers the first */
        snprintf(first, sizeof first, "%.*s", (int)strcspn(l->label, "\n"), l->label);
        ai_cell_name(label, first);
    }
    snprintf(out, size, "document %" PRIu64 "%s%s%s%s", l->number, *id ? ", " : "", id, *label ? ", label " : "",
             label);
}

/* The rows' most, at most `most`. */
static unsigned ranks(const struct ai_layerwise *l, unsigned most)
{
    unsigned n = 0;

    for (size_t i = 0; i < l->n; i++)
        n = l->row[i].top > n ? l->row[i].top : n;
    return n < most ? n : most;
}

static int put_row(const struct ai_layerwise *l, const struct ai_features *f, unsigned n,
                   const struct ai_token_text *text, struct ai_grid *g, struct ai_err *err)
{
    char (*cell)[AI_GRID_CELL] = ai_grid_row(g, err);

    if (!cell)
        return -1;
    snprintf(cell[0], AI_GRID_CELL, "%u%s", f->layer, l->decided && l->stopped == f->layer ? " *" : "  ");
    for (unsigned k = 0; k < f->top && k < n; k++) {
        if (show_token(text, f->top_token[k], cell[1 + 2 * k], err))
            return -1;
        ai_cell_percent(cell[2 + 2 * k], "", (double)f->top_prob[k]);
    }
    return 0;
}

int ai_layerwise_table(const struct ai_layerwise *l, unsigned most, const struct ai_token_text *text,
                       struct ai_buf *out, struct ai_err *err)
{
    unsigned n = ranks(l, most);
    struct ai_grid g = {.columns = 1 + 2 * (int)n}; /* 31 at most have an alignment */
    char line[200];
    char (*head)[AI_GRID_CELL] = ai_grid_row(&g, err);
    int rc = head ? 0 : -1;

    if (rc == 0)
        snprintf(head[0], AI_GRID_CELL, "layer  ");
    for (size_t i = 0; rc == 0 && i < l->n; i++)
        rc = put_row(l, &l->row[i], n, text, &g, err);
    title(l, line, sizeof line);
    if (rc == 0)
        rc = ai_buf_printf(out, err, "%s\n", line) || ai_grid_put(&g, 0xaaaaaaaa, out, err) /* tokens, not numbers */;
    if (rc == 0 && l->decided)
        rc = ai_buf_printf(out, err, "* stopped after layer %u of %u\n", l->stopped, l->layers);
    ai_grid_free(&g);
    return rc ? -1 : 0;
}

/* ---- as a picture ---- */

enum { LEFT = 40, CELL = 88, HEIGHT = 13, TOP = 40, AFTER = 60 };

/* White for 0, a strong blue for 1, that black text can still be read on. */
static void shade(double p, char color[8])
{
    snprintf(color, 8, "#%02x%02x%02x", (unsigned)(255 - 145 * p), (unsigned)(255 - 80 * p), (unsigned)(255 - 25 * p));
}

static int draw_row(struct ai_svg *s, const struct ai_layerwise *l, const struct ai_features *f, double y, unsigned n,
                    const struct ai_token_text *text)
{
    char cell[AI_GRID_CELL], color[8], number[16];
    bool here = l->decided && l->stopped == f->layer;
    double right;

    snprintf(number, sizeof number, "%u", f->layer);
    if (ai_svg_text(s, LEFT - 7, y + 9, "end", here ? "title" : "label", 0, number))
        return -1;
    for (unsigned k = 0; k < f->top && k < n; k++) {
        double x = LEFT + (double)k * CELL;

        shade((double)f->top_prob[k], color);
        if (ai_svg_bar(s, x, y, CELL - 1, HEIGHT - 1, color, NULL) || show_token(text, f->top_token[k], cell, s->err) ||
            ai_svg_text(s, x + 3, y + 9, "start", "label", 0, cell))
            return -1;
        ai_cell_percent(cell, "", (double)f->top_prob[k]);
        if (ai_svg_text(s, x + CELL - 4, y + 9, "end", "tick", 0, cell))
            return -1;
    }
    if (!here)
        return 0;
    right = LEFT + (double)n * CELL;
    return ai_svg_stroke(s, LEFT - 22, y + HEIGHT - 0.5, right, y + HEIGHT - 0.5, "#d55e00", 1.2, "") ||
                   ai_svg_text(s, right + 4, y + HEIGHT + 2, "start", "label", 0, "stopped here")
               ? -1
               : 0;
}

int ai_layerwise_svg(const struct ai_layerwise *l, unsigned most, const struct ai_token_text *text, struct ai_buf *out,
                     struct ai_err *err)
{
    struct ai_svg s = {out, err};
    unsigned n = ranks(l, most);
    char line[200];

    title(l, line, sizeof line);
    if (ai_svg_begin(&s, LEFT + (double)n * CELL + AFTER, TOP + (double)l->n * HEIGHT + 8) ||
        ai_svg_text(&s, LEFT, 14, "start", "title", 0, line) ||
        ai_svg_text(&s, LEFT - 7, TOP - 6, "end", "tick", 0, "layer") ||
        ai_svg_text(&s, LEFT, TOP - 6, "start", "tick", 0, "most probable tokens, the first to the left"))
        return -1;
    for (size_t i = 0; i < l->n; i++)
        if (draw_row(&s, l, &l->row[i], TOP + (double)i * HEIGHT, n, text))
            return -1;
    return ai_svg_end(&s);
}
