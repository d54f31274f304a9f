//! How many lines two texts differ in.

/// How many lines go, and how many come, as `diff` counts them: what is left is the longest text that both hold.
pub(crate) fn changed_lines(before: &str, after: &str) -> (usize, usize) {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    // Of the lines so far: the longest common text with each beginning of the other.
    let mut kept = vec![0; after.len() + 1];
    for line in &before {
        let above = kept.clone();
        for (at, other) in after.iter().enumerate() {
            kept[at + 1] = if line == other { above[at] + 1 } else { above[at + 1].max(kept[at]) };
        }
    }
    let kept = kept[after.len()];
    (before.len() - kept, after.len() - kept)
}

#[test]
fn what_goes_and_what_comes_is_counted() {
    assert_eq!(changed_lines("a\nb\nc", "a\nb\nc"), (0, 0));
    assert_eq!(changed_lines("a\nb\nc", "a\nx\ny\nc\nd"), (1, 3));
    assert_eq!(changed_lines("", "a"), (0, 1));
}
