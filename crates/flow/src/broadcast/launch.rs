//! The launch: put on record in one commit, and then taken on page by page, as `page` has it, until everybody was looked at.
//!
//! The first messages go out while most people have still to be looked at, the memory does not grow with their number, and a
//! launch that was interrupted goes on where it was (`launching`): nobody is left out, and nobody is decided twice.

use super::{
    Audience, LaunchReport, Stopped, named,
    page::{look_at, queue_page},
};
use crate::{Engine, FlowError, missing::missing, outward};
use crowsnest_model::{Object, ProfileId};
use crowsnest_store::{LaunchRecord, Read};
use fail::fail_point;

impl Engine {
    /// Launches a broadcast: it is queued for everybody who gets it, and sent from then on. It happens once. This answers
    /// when everybody has been looked at, or when it is stopped: then it goes on by itself. The first messages go out long
    /// before.
    pub async fn launch(&self, name: &str) -> Result<LaunchReport, FlowError> {
        let launch = self.begin_launch(name).await?;
        // On a task of its own: whoever asked may hang up, and the launch goes on all the same.
        let (engine, name) = (self.clone(), name.to_owned());
        let carried = tokio::spawn(async move {
            engine.carry_launch(launch).await;
            engine.launching().leave();
            tokio::task::spawn_blocking(move || engine.launch_report(&name)).await
        });
        let broken = |error: tokio::task::JoinError| FlowError::Broken(error.to_string());
        carried.await.map_err(broken)?.map_err(broken)?
    }

    /// As [`Engine::launch`], without waiting: [`Engine::launch_report`] says how far it has come.
    pub async fn launch_and_leave(&self, name: &str) -> Result<LaunchReport, FlowError> {
        let launch = self.begin_launch(name).await?;
        let (engine, begun) = (self.clone(), launch.clone());
        tokio::spawn(async move {
            engine.carry_launch(begun).await;
            engine.launching().leave();
        });
        let engine = self.clone();
        tokio::task::spawn_blocking(move || engine.read_report(launch))
            .await
            .map_err(|error| FlowError::Broken(error.to_string()))?
    }

    /// What a launch did, or has done so far, and what stops it. It blocks.
    pub fn launch_report(&self, name: &str) -> Result<LaunchReport, FlowError> {
        match self.read(|read| read.launch(name))? {
            Some(launch) => self.read_report(launch),
            None => {
                // Whether it is there at all.
                named(&self.live(), name)?;
                Err(FlowError::Refused(format!("{name} has not been launched")))
            }
        }
    }

    fn read_report(&self, launch: LaunchRecord) -> Result<LaunchReport, FlowError> {
        let stopped = match launch.queued {
            Some(_) => None,
            None => self.readers().read(|read| self.what_stops(read, &launch))?,
        };
        Ok(LaunchReport {
            broadcast: launch.broadcast,
            launched: launch.launched,
            queued: launch.queued,
            audience: Audience::of(launch.counts),
            stopped,
        })
    }

    /// What a launch that is not through waits for; `None` while it goes on.
    fn what_stops(&self, read: &dyn Read, launch: &LaunchRecord) -> Result<Option<Stopped>, FlowError> {
        let live = self.live();
        let missing = live
            .broadcast_version(&launch.broadcast, launch.version)
            .and_then(|broadcast| missing(&live, &live.derived(), broadcast.inputs()));
        match missing {
            Some(missing) => missing.stops(read, launch.launched).map(Some),
            None => Ok(self.launching().fault(&launch.broadcast)),
        }
    }

    /// Puts a launch on record. From then on it will be carried out, whatever happens.
    pub(super) async fn begin_launch(&self, name: &str) -> Result<LaunchRecord, FlowError> {
        let live = self.live();
        let version = named(&live, name)?.version;
        let broadcast = name.to_owned();
        self.commit(move |work| {
            if let Some(before) = work.unit.launch(&broadcast)? {
                return Err(FlowError::Refused(format!(
                    "{broadcast} was launched at {}, and a broadcast happens once; to mail again, give a copy of \
                     it another name",
                    before.launched
                )));
            }
            let launch = LaunchRecord {
                broadcast,
                version,
                launched: work.now,
                queued: None,
                // Ids grow, so everybody who is known has a smaller one.
                until: ProfileId(work.ids.next(work.now)),
                after: None,
                identity: work.unit.last_identity_change()?,
                counts: Object::new(),
            };
            work.unit.put_launch(&launch)?;
            outward::seeds::at_launch(work, &launch)?;
            Ok(launch)
        })
        .await
    }

    /// Takes a launch on, page by page, until it is through or has to wait until what it asks of people is built.
    pub(super) async fn queue_launch(&self, mut launch: LaunchRecord) -> Result<(), FlowError> {
        while launch.queued.is_none() {
            let (engine, begun) = (self.clone(), launch.clone());
            let page = tokio::task::spawn_blocking(move || look_at(&engine, begun))
                .await
                .map_err(|error| FlowError::Broken(error.to_string()))??;
            let Some(page) = page else { return Ok(()) };
            launch = self.commit(move |work| queue_page(work, launch, page)).await?;
            self.launching().goes_on(&launch.broadcast);
            fail_point!("launch-after", |_| std::process::abort());
        }
        Ok(())
    }
}
