// Heapsort: branches that nobody foresees.
#define N 200000
static int v[N];
static void sift(int at, int end) {
    int x = v[at];
    for (int child; (child = 2 * at + 1) < end; at = child) {
        if (child + 1 < end && v[child + 1] > v[child]) child++;
        if (x >= v[child]) break;
        v[at] = v[child];
    }
    v[at] = x;
}
__attribute__((export_name("run"))) int run(int n) {
    unsigned s = n + 1;
    for (int i = 0; i < N; i++) s = s * 1103515245 + 12345, v[i] = s >> 4;
    for (int i = N / 2; i-- > 0;) sift(i, N);
    for (int end = N; --end > 0;) {
        int t = v[0];
        v[0] = v[end], v[end] = t;
        sift(0, end);
    }
    int sum = 0;
    for (int i = 0; i < N; i += 1000) sum = sum * 31 + v[i];
    return sum;
}
