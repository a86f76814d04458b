extension Diffuse {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] { [] }
}
