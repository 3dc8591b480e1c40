//! Whether the links of a site lead somewhere: to a file of it, and in that to an element of the name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

/// What links lead to, and where from.
#[derive(Debug, Default)]
pub struct Report {
    /// Links inside the site.
    pub followed: usize,
    /// Links that leave it, which are not followed.
    pub outside: BTreeSet<String>,
    /// The pages and their links that lead nowhere.
    pub broken: Vec<(PathBuf, String)>,
}

/// Follows the links of all HTML files in a directory, to pages, anchors, images, style sheets and scripts.
///
/// # Errors
/// If a directory or a page cannot be read.
pub fn follow(site: &Path) -> io::Result<Report> {
    let mut files = BTreeMap::new();
    read(site, Path::new(""), &mut files)?;
    let mut report = Report::default();
    for (page, content) in &files {
        let Some(content) = content else { continue };
        for link in values(content, "href").chain(values(content, "src")) {
            if link.contains("://") || link.starts_with("data:") || link.starts_with("javascript:") {
                report.outside.insert(link.to_owned());
                continue;
            }
            report.followed += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { beside(page, path) };
            let leads_somewhere = match files.get(&target) {
                Some(Some(content)) => anchor.is_empty() || values(content, "id").any(|id| id == anchor),
                Some(None) => anchor.is_empty(),
                None => false,
            };
            if !leads_somewhere {
                report.broken.push((page.clone(), link.to_owned()));
            }
        }
    }
    Ok(report)
}

/// Lists the files below `site`, and reads the HTML pages among them.
fn read(site: &Path, directory: &Path, files: &mut BTreeMap<PathBuf, Option<String>>) -> io::Result<()> {
    for entry in fs::read_dir(site.join(directory))? {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(site, &path, files)?;
        } else {
            let is_page = path.extension().is_some_and(|extension| extension == "html");
            let content = if is_page { Some(fs::read_to_string(entry.path())?) } else { None };
            files.insert(path, content);
        }
    }
    Ok(())
}

/// The values of an attribute in double quotes.
fn values<'a>(page: &'a str, attribute: &'static str) -> impl Iterator<Item = &'a str> {
    page.match_indices(attribute).filter_map(move |(at, _)| {
        let is_attribute = page[..at].ends_with(|before: char| before.is_ascii_whitespace());
        let value = page[at + attribute.len()..].strip_prefix("=\"").filter(|_| is_attribute)?;
        value.split('"').next()
    })
}

/// The file that a path names which stands in a page.
fn beside(page: &Path, path: &str) -> PathBuf {
    let mut target = page.parent().map(Path::to_path_buf).unwrap_or_default();
    for component in Path::new(path.split('?').next().unwrap_or(path)).components() {
        match component {
            Component::ParentDir => _ = target.pop(),
            Component::Normal(name) => target.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    if path.ends_with('/') { target.join("index.html") } else { target }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_found() {
        let site = std::env::temp_dir().join(format!("tailfirst-book-links-{}", std::process::id()));
        fs::create_dir_all(site.join("inner")).unwrap();
        let page = r##"<h1 id="here"><a href="#here">1</a> <a href="#there">2</a> <a href="inner/page.html#down">3</a>
            <a href="inner/page.html#up">4</a> <a href="gone.html">5</a> <img src="picture.png">
            <a href="https://example.org">6</a>"##;
        fs::write(site.join("index.html"), page).unwrap();
        fs::write(site.join("inner/page.html"), r#"<p id="down"><a href="../index.html">up</a>"#).unwrap();
        let report = follow(&site).unwrap();
        fs::remove_dir_all(&site).unwrap();
        let broken: Vec<&str> = report.broken.iter().map(|(_, link)| link.as_str()).collect();
        assert_eq!(broken, ["#there", "inner/page.html#up", "gone.html", "picture.png"]);
        assert_eq!((report.followed, report.outside.len()), (7, 1));
    }
}
