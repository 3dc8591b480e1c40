fn main() {
    tailfirst_gen::extend("tables", "Simulator");
}
