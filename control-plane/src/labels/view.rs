//! Labels as the API's document names them: one schema wherever they stand, so that a generated client has one type for them.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// Labels by name: up to 32, values of up to 255 bytes.
#[derive(Debug, ToSchema)]
#[schema(as = Labels, example = json!({ "plan": "gold" }))]
#[expect(dead_code, reason = "stands for Labels in the document")]
pub(crate) struct LabelsView(BTreeMap<String, String>);

/// Labels named are set, those that are null are taken off, others stay.
#[derive(Debug, ToSchema)]
#[schema(example = json!({ "plan": "silver", "trial": null }))]
#[expect(dead_code, reason = "stands for LabelsPatch in the document")]
pub(crate) struct LabelsUpdate(BTreeMap<String, Option<String>>);
