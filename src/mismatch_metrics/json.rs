//! [`by_json`]: answers compared field by field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::compare::{Compare, Difference, Verdict};

/// How many differing places of one mismatch are named; the rest is left out.
pub const DIFFERENCES_MAX: usize = 16;

/// Compares answers field by field, as the JSON that a closure makes of them; `null` says that the record is missing.
///
/// A path is a JSON pointer in which `*` stands for any one name or index. Arrays are compared in their order: sort
/// them in the closure when it means nothing.
///
/// ```
/// use crossfade::mismatch_metrics::by_json;
/// use serde_json::{Value, json};
///
/// struct Invoice { total: String, updated_at: u64 }
///
/// let compare = by_json(|answer: &Option<Invoice>| match answer {
///     Some(invoice) => json!({ "total": invoice.total, "updated_at": invoice.updated_at }),
///     None => Value::Null,
/// })
/// .ignore("/updated_at")       // and all below it
/// .tolerance("/total", 0.01)   // numbers, or numbers written as text
/// .tolerance("/lines/*/unit_price", 0.0);
/// # let _ = crossfade::mismatch_metrics::MismatchMetricsLayer::new(compare);
/// ```
#[must_use]
pub const fn by_json<Res, F>(form: F) -> ByJson<F>
where
    F: Fn(&Res) -> Value,
{
    ByJson { form, rules: Rules { ignored: Vec::new(), tolerances: Vec::new(), show_values: false } }
}

/// Compares answers field by field: see [`by_json`].
#[derive(Clone, Debug)]
pub struct ByJson<F> {
    form: F,
    rules: Rules,
}

#[derive(Clone, Debug)]
struct Rules {
    ignored: Vec<Pattern>,
    tolerances: Vec<(Pattern, f64)>,
    show_values: bool,
}

impl<F> ByJson<F> {
    /// Leaves this path out, and all below it.
    #[must_use]
    pub fn ignore(mut self, path: &str) -> Self {
        self.rules.ignored.push(Pattern::new(path));
        self
    }

    /// Numbers at this path may differ by so much. `0.0` compares them as numbers: `1` equals `1.0` and `"1.00"`.
    #[must_use]
    pub fn tolerance(mut self, path: &str, tolerance: f64) -> Self {
        self.rules.tolerances.push((Pattern::new(path), tolerance));
        self
    }

    /// Keeps the differing values in the samples. Off by default: they are your customers' data.
    #[must_use]
    pub const fn show_values(mut self) -> Self {
        self.rules.show_values = true;
        self
    }
}

impl<Res, F> Compare<Res> for ByJson<F>
where
    F: Fn(&Res) -> Value,
{
    type Form = Value;

    fn form(&self, answer: &Res) -> Value {
        (self.form)(answer)
    }

    fn is_missing(&self, form: &Value) -> bool {
        form.is_null()
    }

    fn compare(&self, legacy: &Value, target: &Value) -> Verdict {
        let mut walk = Walk { rules: &self.rules, path: Vec::new(), found: Vec::new() };
        walk.compare(Some(legacy), Some(target));
        if walk.found.is_empty() { Verdict::Same } else { Verdict::Differs(walk.found) }
    }
}

/// A path in which `*` stands for any one segment.
#[derive(Clone, Debug)]
struct Pattern(Vec<String>);

impl Pattern {
    fn new(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        Self(path.split('/').map(str::to_owned).collect())
    }

    fn covers(&self, path: &[String]) -> bool {
        self.0.len() == path.len() && self.0.iter().zip(path).all(|(rule, name)| rule == "*" || rule == name)
    }
}

/// One comparison on its way through both values.
struct Walk<'a> {
    rules: &'a Rules,
    path: Vec<String>,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn compare(&mut self, legacy: Option<&Value>, target: Option<&Value>) {
        if self.found.len() >= DIFFERENCES_MAX || self.is_ignored() {
            return;
        }
        match (legacy, target) {
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                    self.below(name, a.get(name), b.get(name));
                }
            }
            (Some(Value::Array(a)), Some(Value::Array(b))) => {
                for at in 0..a.len().max(b.len()) {
                    self.below(&at.to_string(), a.get(at), b.get(at));
                }
            }
            (legacy, target) if self.is_same(legacy, target) => {}
            (legacy, target) => self.found(legacy, target),
        }
    }

    fn below(&mut self, name: &str, legacy: Option<&Value>, target: Option<&Value>) {
        self.path.push(name.replace('~', "~0").replace('/', "~1"));
        self.compare(legacy, target);
        self.path.pop();
    }

    fn is_ignored(&self) -> bool {
        self.rules.ignored.iter().any(|rule| rule.covers(&self.path))
    }

    fn is_same(&self, legacy: Option<&Value>, target: Option<&Value>) -> bool {
        if legacy == target {
            return true;
        }
        let rule = self.rules.tolerances.iter().find(|(rule, _)| rule.covers(&self.path));
        let (Some((_, tolerance)), Some(a), Some(b)) = (rule, number(legacy), number(target)) else {
            return false;
        };
        // Decimals have no exact binary form: 0.30 - 0.29 is a little more than 0.01.
        (a - b).abs() <= tolerance + f64::EPSILON * a.abs().max(b.abs())
    }

    fn found(&mut self, legacy: Option<&Value>, target: Option<&Value>) {
        let path = self.path.iter().map(|name| format!("/{name}")).collect();
        let shown = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), Value::to_string);
        let values = self.rules.show_values.then(|| [shown(legacy), shown(target)]);
        self.found.push(Difference { path, values });
    }
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain() -> ByJson<fn(&Value) -> Value> {
        by_json(Value::clone)
    }

    fn paths(compare: &ByJson<fn(&Value) -> Value>, legacy: &Value, target: &Value) -> String {
        match compare.compare(legacy, target) {
            Verdict::Same => String::new(),
            Verdict::Differs(places) => {
                let paths: Vec<_> = places.iter().map(|place| place.path.as_str()).collect();
                paths.join(" ")
            }
        }
    }

    #[test]
    fn differing_paths_are_named_and_values_are_not() {
        let legacy = json!({ "total": "1.00", "lines": [{ "q": 1 }, { "q": 2 }], "a/b": 1 });
        let target = json!({ "total": "2.00", "lines": [{ "q": 1 }], "paid": true });
        assert_eq!(paths(&plain(), &legacy, &target), "/a~1b /lines/1 /paid /total");
        let Verdict::Differs(places) = plain().compare(&legacy, &target) else {
            panic!("they differ");
        };
        assert!(places.iter().all(|place| place.values.is_none()));
    }

    #[test]
    fn values_are_shown_when_asked_for() {
        let verdict = plain().show_values().compare(&json!({ "total": 1 }), &json!({}));
        let values = Some(["1".to_owned(), "absent".to_owned()]);
        let path = "/total".to_owned();
        assert_eq!(verdict, Verdict::Differs(vec![Difference { path, values }]));
    }

    #[test]
    fn an_ignored_path_is_left_out_with_all_below_it() {
        let legacy = json!({ "meta": { "at": 1, "by": "a" }, "lines": [{ "id": 1, "q": 1 }] });
        let target = json!({ "meta": { "at": 2 }, "lines": [{ "id": 9, "q": 1 }] });
        let compare = plain().ignore("/meta").ignore("/lines/*/id");
        assert_eq!(paths(&compare, &legacy, &target), "");
        assert_eq!(paths(&plain().ignore("/lines/*"), &legacy, &target), "/meta/at /meta/by");
    }

    #[test]
    fn a_tolerance_holds_for_its_path_only() {
        let legacy = json!({ "total": "0.30", "tax": 0.30 });
        let target = json!({ "total": "0.29", "tax": 0.29 });
        let compare = plain().tolerance("/total", 0.01);
        assert_eq!(paths(&compare, &legacy, &target), "/tax");
        assert_eq!(paths(&compare, &legacy, &json!({ "total": "0.28", "tax": 0.30 })), "/total");
        let numbers = plain().tolerance("/total", 0.0);
        assert_eq!(paths(&numbers, &json!({ "total": 1 }), &json!({ "total": "1.00" })), "");
        assert_eq!(paths(&numbers, &json!({ "total": 1 }), &json!({})), "/total");
    }

    #[test]
    fn a_long_list_of_differences_ends() {
        let (legacy, target) = (json!(vec![1; 100]), json!(vec![2; 100]));
        let Verdict::Differs(places) = plain().compare(&legacy, &target) else {
            panic!("they differ");
        };
        assert_eq!(places.len(), DIFFERENCES_MAX);
    }
}
