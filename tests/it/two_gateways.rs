//! A gateway that has missed what another one committed: there is one process a journal, but a plan may be old.

use crossfade::Refused;
use crossfade::copy::Copier;
use crossfade::route::{RoutingHandle, Stage, Store};
use crossfade::test_util::{Call, StoreError};

use crate::support::{World, asked, put};

#[tokio::test(start_paused = true)]
async fn a_write_that_was_planned_under_another_authority_is_refused_and_never_made() {
    for unavailable in ["reject", "continue"] {
        let toml = format!("writes = {{ journal_unavailable = \"{unavailable}\" }}");
        let world = World::new(&toml).await;
        world.walk_to(Stage::Live).await;
        let mut config = world.routing.config();
        config.stage = Stage::Live;
        world.journal.forget_session();
        let other = RoutingHandle::open(&world.journal, config).await.unwrap();
        let copier = Copier::new(other, world.legacy.clone(), world.target.clone());
        if unavailable == "continue" {
            // The end of the first session was unclean.
            crossfade::fill::Fill::new(copier).run().await.unwrap();
        }
        other.move_to(Stage::RampDown, asked()).await.unwrap().drained().await;
        assert_eq!(other.stage().authority(), Store::Target);

        let refused = world.call(put(1, 1, 1)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(Refused::EpochMoved)), "{unavailable}: {refused}");
        assert_eq!(world.legacy.calls(Call::RequestWrite), 0, "{unavailable}");
        assert_eq!((world.journal.marks(), world.routing.stats().writes_refused), (0, 1), "{unavailable}");
    }
}
