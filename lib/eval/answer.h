/* Answers as text against gold answers, as SQuAD scores them (Rajpurkar et al., arXiv
 * 1606.05250, section 6.1): lower case, without punctuation, without the articles
 * a, an and the, words separated by white space. */
#ifndef AI_EVAL_ANSWER_H
#define AI_EVAL_ANSWER_H

#include "base/err.h"

#include <stddef.h>

/* *exact is 1 if the answer [n bytes of UTF-8] is one of the gold answers, which stand in
 * a line each, else 0.  *f1 is the largest over them of the harmonic mean of the shares of
 * its words that the other one has, each word counted as often as it occurs; two empty
 * ones are equal.  Letters beyond ASCII keep their case. */
int ai_eval_text_scores(const char *answer, size_t n, const char *gold, double *exact, double *f1,
                        struct ai_err *err) AI_CHECKED;

#endif
