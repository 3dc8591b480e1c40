// Floats in a loop whose length depends on them.
__attribute__((export_name("run"))) int run(int n) {
    int inside = 0;
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 200; x++) {
            double cr = x / 100.0 - 1.5, ci = y / 100.0 - 1.0, zr = 0, zi = 0;
            int turns = 0;
            while (turns < 200 + n && zr * zr + zi * zi < 4) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                turns++;
            }
            inside += turns;
        }
    return inside;
}
