//! What was measured, as tables in Markdown: compilation in MB of code section a second, running in milliseconds, and
//! machine code in bytes for one of code section; and behind each the geometric mean, as a ratio to the first
//! contender's.

use crate::measure::Measured;

pub struct Row {
    pub name: String,
    /// Bytes.
    pub code_section: usize,
    pub best: Vec<Measured>,
}

/// A table's title, what it has of a contender on a module, and how that is written.
type Column = (&'static str, fn(&Row, &Measured) -> f64, fn(f64) -> String);

const COLUMNS: [Column; 3] = [
    (
        "compiles, MB/s",
        |row, best| row.code_section as f64 / 1e6 / best.compile.as_secs_f64(),
        |value| format!("{value:.2}"),
    ),
    ("runs, ms", |_, best| best.run.as_secs_f64() * 1e3, |value| format!("{value:.2}")),
    ("code, bytes a byte", |row, best| best.code as f64 / row.code_section as f64, |value| format!("{value:.2}")),
];

pub fn print(contenders: &[&str], rows: &[Row]) {
    for (title, value, text) in COLUMNS {
        println!("| {title} | code section | {} |", contenders.join(" | "));
        println!("|---|{}", "---:|".repeat(contenders.len() + 1));
        for row in rows {
            let cells: Vec<_> = row.best.iter().map(|best| text(value(row, best))).collect();
            println!("| {} | {} | {} |", row.name, row.code_section, cells.join(" | "));
        }
        let means: Vec<_> = (0..contenders.len())
            .map(|contender| {
                let ratio = |row: &Row| value(row, &row.best[contender]) / value(row, &row.best[0]);
                let logs: f64 = rows.iter().map(|row| ratio(row).ln()).sum();
                format!("{:.2}", (logs / rows.len() as f64).exp())
            })
            .collect();
        println!("| ratio to {}, geometric mean | | {} |\n", contenders[0], means.join(" | "));
    }
}
