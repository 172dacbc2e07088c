//! M
fn main(){}
