//! Rows that name the group of a key.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{MINUTE, SECOND, group, key, mark, opened, rows};
use crate::data::{Key, Scope, Scopes};
use crate::journal::lingering::MarkBy;
use crate::journal::model::Reason;
use crate::journal::{Journal, Limits};

#[tokio::test]
async fn another_key_of_the_group_shares_a_row_that_names_the_group() {
    let journal = opened().await;
    let first = mark(&journal, key(1, 1), MarkBy::Group).await;
    assert_eq!(rows(&journal).await, [group(1)]);
    assert!(journal.is_dirty(&[key(1, 1)]) && journal.is_dirty(&[group(1)]));
    assert!(!journal.is_dirty(&[key(1, 2)]), "the key alone");
    assert!(journal.unmark_later(&first, MINUTE));

    let second = mark(&journal, key(1, 2), MarkBy::Group).await;
    assert!(second.is_shared());
    assert!(journal.is_dirty(&[key(1, 2)]) && !journal.is_dirty(&[key(1, 1)]));
    assert!(!mark(&journal, key(2, 1), MarkBy::Group).await.is_shared(), "another group");

    journal.0.session_open.store(false, Ordering::SeqCst);
    journal.open_session(SECOND, false).await.unwrap();
    assert_eq!(journal.status().await.unwrap().marks.left, 2);
}

#[tokio::test]
async fn after_a_crash_the_whole_group_is_dirty() {
    let journal = opened().await;
    let mark = mark(&journal, key(1, 1), MarkBy::Group).await;
    assert!(journal.unmark_later(&mark, MINUTE));
    journal.0.session_open.store(false, Ordering::SeqCst);
    journal.open_session(SECOND, false).await.unwrap();
    assert!(journal.is_dirty(&[key(1, 9)]) && !journal.is_dirty(&[key(2, 1)]));
}

#[tokio::test]
async fn a_mark_that_names_the_group_is_left_on_the_key() {
    let touched = Scopes::from(key(1, 1));
    for touched in [None, Some(&touched)] {
        let journal = opened().await;
        let mark = mark(&journal, key(1, 1), MarkBy::Group).await;
        journal.leave(&mark, touched, 0, Reason::UnknownWrite);
        assert_eq!(rows(&journal).await, [key(1, 1)]);
        assert!(journal.is_dirty(&[key(1, 1)]) && !journal.is_dirty(&[key(1, 2)]));
        assert_eq!(journal.marks(), 1);
    }
}

#[tokio::test]
async fn a_write_of_several_keys_is_marked_by_each_of_them() {
    let journal = opened().await;
    let both: Scopes = [key(1, 1), key(1, 2)].into_iter().collect();
    let _mark = journal.mark_or_share(both, MarkBy::Group, 1).await.unwrap();
    assert_eq!(rows(&journal).await, [key(1, 1), key(1, 2)]);
}

/// A text that no row can have, which is why the row names more.
#[tokio::test]
async fn a_mark_is_not_narrowed_to_what_cannot_be_stored() {
    let long: Scope = Key::new(&1, &"a".repeat(100)).into();
    for by in [MarkBy::Key, MarkBy::Group] {
        let limits = Limits { scope_bytes_max: 20, ..Limits::default() };
        let journal = Journal::open_with("memory:", limits).await.unwrap();
        journal.open_session(Duration::ZERO, false).await.unwrap();
        let mark = mark(&journal, long.clone(), by).await;
        journal.leave(&mark, Some(&long.clone().into()), 0, Reason::CopyFailed);
        assert_eq!((rows(&journal).await, journal.marks()), (vec![group(1)], 1));
    }
}
