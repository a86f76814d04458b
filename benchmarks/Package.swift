// swift-tools-version: 6.3
import PackageDescription

/// Measurements. Users never build this package.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "fast-gauss-newton", path: "..")],
  targets: [
    .target(
      name: "Contestants", dependencies: [.product(name: "FastGaussNewton", package: "fast-gauss-newton")]),
    .executableTarget(name: "StepTimes", dependencies: ["Contestants"]),
    .executableTarget(name: "FullBatchSteps", dependencies: ["Contestants"]),
    .executableTarget(name: "HeadTraining", dependencies: ["Contestants"]),
    .executableTarget(name: "SolveTolerance", dependencies: ["Contestants"]),
    .executableTarget(name: "ProductRates", dependencies: ["Contestants"]),
    .executableTarget(name: "NetworkTraining", dependencies: ["Contestants"]),
    .executableTarget(name: "NetworkSteps", dependencies: ["Contestants"]),
    .executableTarget(
      name: "ExactSteps",
      dependencies: ["Contestants", .product(name: "Figures", package: "fast-gauss-newton")]),
    .executableTarget(name: "OptimumRun", dependencies: ["Contestants"]),
    .executableTarget(name: "NoCollapse", dependencies: ["Contestants"]),
    .executableTarget(name: "PredictionRun", dependencies: ["Contestants"]),
    .executableTarget(name: "LanguageHead", dependencies: ["Contestants"]),
    .executableTarget(
      name: "TorchCheck", dependencies: [.product(name: "FastGaussNewton", package: "fast-gauss-newton")]),
    .executableTarget(
      name: "CurveFigures",
      dependencies: [
        .product(name: "FastGaussNewton", package: "fast-gauss-newton"),
        .product(name: "Figures", package: "fast-gauss-newton"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
