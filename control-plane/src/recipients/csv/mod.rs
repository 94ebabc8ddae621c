//! Recipients as CSV files: upload and export. `read` and `write` know the format, `upload` what is done with a file.

pub(super) mod api;
mod read;
mod upload;
mod write;

/// Would a spreadsheet run a cell that begins so?
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
