//! Writes the Kotlin, Swift or Python sources of a built library: uniffi's own program, of the version linked in.
fn main() {
    uniffi::uniffi_bindgen_main();
}
