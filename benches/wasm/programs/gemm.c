// PolyBench's kernel gemm: C = alpha A B + beta C.
#define N 160
static double a[N][N], b[N][N], c[N][N];
__attribute__((export_name("run"))) int run(int n) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)((i * j + n) % N) / N;
            b[i][j] = (double)((i * j + 2) % N) / N;
            c[i][j] = (double)((i - j) % N) / N;
        }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) c[i][j] *= 1.2;
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++) c[i][j] += 1.5 * a[i][k] * b[k][j];
    }
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) sum += c[i][j];
    return (int)sum;
}
