use std::time::Instant;
use policy::Policy;
#[test]
fn shipped() {
    let t = Instant::now();
    let p = policy::check::check(&Policy::shipped_files());
    eprintln!("{p}{:?} {}", t.elapsed(), p.len());
}
