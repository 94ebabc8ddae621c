//! Rows of the table `labels`: an index over what the things themselves carry.

use uuid::Uuid;

use super::Labels;
use crate::db::{StoreError, Tx, run, sql};

sql! {
    Main;
    REMOVE = "DELETE FROM labels WHERE object_id = $1";
    INSERT = "INSERT INTO labels (object_id, name, value) VALUES ($1, $2, $3)";
}

pub(crate) async fn replace(tx: &mut Tx, object: Uuid, labels: &Labels) -> Result<(), StoreError> {
    remove(tx, object).await?;
    for (name, value) in labels {
        run!(tx, execute INSERT, object, name.as_str(), value.as_str())?;
    }
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx, object: Uuid) -> Result<(), StoreError> {
    run!(tx, execute REMOVE, object)?;
    Ok(())
}
