//! Documentation of functions as the page has it: paragraphs of text, with code between backticks.

/// Documentation as paragraphs: without examples, links, and titles.
pub fn paragraphs(docs: &[String]) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut is_example = false;
    for line in docs {
        if line.starts_with("```") {
            is_example = !is_example;
            // What leads to an example.
            let written = paragraphs.iter_mut().rfind(|paragraph| !paragraph.is_empty());
            if let Some(paragraph) = written.filter(|paragraph| paragraph.ends_with(':')) {
                paragraph.pop();
                paragraph.push('.');
            }
        } else if is_example {
            continue;
        } else if line.is_empty() || line.starts_with('#') {
            paragraphs.push(String::new());
        } else if let Some(paragraph) = paragraphs.last_mut() {
            let space = if paragraph.is_empty() { "" } else { " " };
            paragraph.push_str(&format!("{space}{line}"));
        }
    }
    paragraphs
        .into_iter()
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| without_links(&paragraph))
        .collect()
}

/// Markdown's links as their texts.
fn without_links(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        // A link's text has no bracket; what has no `]` is no link.
        let Some((linked, after)) = after.split_once(']') else {
            rest = &rest[before.len()..];
            break;
        };
        match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => (out, rest) = (out + linked, after),
            None if linked.starts_with('`') => (out, rest) = (out + linked, after),
            None => (out, rest) = (format!("{out}[{linked}]"), after),
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_titles_and_links_go() {
        let docs = "Loads [`X`](crate::X), by\n[`ldr_x`], a [patch site](crate::S):\n\n```\nenc.x();\n```\n\n# Errors\n`[x]` [1]";
        let docs: Vec<String> = docs.lines().map(String::from).collect();
        assert_eq!(paragraphs(&docs), ["Loads `X`, by `ldr_x`, a patch site.", "`[x]` [1]"]);
    }
}
