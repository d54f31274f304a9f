//! being written
#[derive(Clone, Copy, Debug, Default)]
pub struct FallbackLayer;
impl FallbackLayer {
    pub fn new() -> Self {
        Self
    }
    pub fn missing<F>(self, _f: F) -> Self {
        self
    }
}
impl<S> tower::Layer<S> for FallbackLayer {
    type Service = S;
    fn layer(&self, s: S) -> S {
        s
    }
}
