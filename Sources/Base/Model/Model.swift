/// The value types shared by all modules: what the user wrote (`EnvironmentSpec`), what was resolved and saved (`Environment`),
/// and observed states.
///
/// Pure: no files, clock, C or networking. Start with `EnvironmentSpec`.
public enum Model {}
