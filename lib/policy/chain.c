#include "policy/chain.h"

#include <math.h>

double ai_log_add(double a, double b)
{
    return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b));
}

double ai_chain_filter(double before, double s, const double t[2][2])
{
    return s + ai_log_add(t[0][1], before + t[1][1]) - ai_log_add(t[0][0], before + t[1][0]);
}

double ai_chain_marginals(const double *s, size_t n, double t[2][2], double *settled, double pairs[2][2], double *room)
{
    double (*forward)[2] = (double (*)[2])room, (*backward)[2] = (double (*)[2])(room + 2 * n), log_z;

    forward[0][0] = 0;
    forward[0][1] = s[0];
    for (size_t l = 1; l < n; l++)
        for (int y = 0; y < 2; y++)
            forward[l][y] = (y ? s[l] : 0) + ai_log_add(forward[l - 1][0] + t[0][y], forward[l - 1][1] + t[1][y]);
    log_z = ai_log_add(forward[n - 1][0], forward[n - 1][1]);
    if (!settled && !pairs)
        return log_z;
    backward[n - 1][0] = backward[n - 1][1] = 0;
    for (size_t l = n - 1; l > 0; l--)
        for (int y = 0; y < 2; y++)
            backward[l - 1][y] = ai_log_add(t[y][0] + backward[l][0], t[y][1] + s[l] + backward[l][1]);
    for (size_t l = 0; settled && l < n; l++)
        settled[l] = exp(forward[l][1] + backward[l][1] - log_z);
    for (int a = 0; pairs && a < 2; a++)
        for (int b = 0; b < 2; b++) {
            pairs[a][b] = 0;
            for (size_t l = 1; l < n; l++)
                pairs[a][b] += exp(forward[l - 1][a] + t[a][b] + (b ? s[l] : 0) + backward[l][b] - log_z);
        }
    return log_z;
}
