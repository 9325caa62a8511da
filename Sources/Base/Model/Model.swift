/// The values everything is said in: what a user wrote (`EnvironmentSpec`), what was decided once and saved (`Environment`),
/// and the states the world is seen in.
///
/// Pure: no files, clock, C or networking. Start with `EnvironmentSpec`.
public enum Model {}
