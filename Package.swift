// swift-tools-version: 6.3
import PackageDescription

/// Targets from the bottom up; an arrow in docs/architecture.md is a dependency here.
let package = Package(
  name: "fast-gauss-newton",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "FastGaussNewton", targets: ["FastGaussNewton"]),
    .library(name: "Figures", targets: ["Figures"]),
    .library(name: "Comparison", targets: ["Comparison"]),
    .library(name: "Jobs", targets: ["Jobs"]),
    .library(name: "Tasks", targets: ["Tasks"]),
    .library(name: "Experiments", targets: ["Experiments"]),
    .executable(name: "fgn", targets: ["fgn"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "CFiles", linkerSettings: [.linkedLibrary("z")]),  // needs zlib1g-dev on Debian and Ubuntu
    .target(name: "CKernels"),
    .target(name: "Errors"),
    .target(
      name: "LinearAlgebra",
      dependencies: [
        "CKernels", .target(name: "COpenBLAS", condition: .when(platforms: [.linux])),
        .product(name: "RealModule", package: "swift-numerics"),
      ]),
    .target(name: "Models", dependencies: ["LinearAlgebra", "Errors"]),
    .target(name: "Losses", dependencies: ["LinearAlgebra", "Errors"]),
    .target(name: "Optimization", dependencies: ["Models", "Losses"]),
    .target(name: "GaussNewton", dependencies: ["Optimization"]),
    .target(name: "Baselines", dependencies: ["Optimization"]),
    .target(name: "Methods", dependencies: ["GaussNewton", "Baselines"]),
    .target(name: "TensorFiles", dependencies: ["LinearAlgebra", "CFiles", "Errors"]),
    .target(name: "Training", dependencies: ["Optimization", "TensorFiles"]),
    .target(name: "Optimum", dependencies: ["Training"]),
    .target(name: "Jobs", dependencies: ["Methods", "Optimum"]),
    .target(name: "Figures", dependencies: [.product(name: "RealModule", package: "swift-numerics")]),
    .target(name: "Comparison", dependencies: ["Methods", "Training", "Figures"]),
    .target(name: "Tasks", dependencies: ["Optimization"]),
    .target(name: "Experiments", dependencies: ["Comparison", "Jobs", "Tasks"]),
    .target(name: "FastGaussNewton", dependencies: ["Jobs"]),
    .executableTarget(
      name: "fgn",
      dependencies: [
        "FastGaussNewton", "Figures", "Comparison", "Tasks", "Experiments",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .target(name: "TestSupport", dependencies: ["Optimization"], path: "Tests/TestSupport"),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport", "AllocationCounter"]),
    .testTarget(name: "ModelsTests", dependencies: ["Models", "TestSupport"]),
    .testTarget(name: "LossesTests", dependencies: ["Losses", "TestSupport"]),
    .testTarget(name: "OptimizationTests", dependencies: ["Optimization", "TestSupport"]),
    .testTarget(
      name: "GaussNewtonTests", dependencies: ["GaussNewton", "Losses", "TestSupport", "AllocationCounter"],
      exclude: ["Golden"]),
    .testTarget(
      name: "BaselinesTests", dependencies: ["Baselines", "TestSupport"], resources: [.copy("Golden")]),
    .testTarget(name: "MethodsTests", dependencies: ["Methods", "FastGaussNewton"]),
    .testTarget(
      name: "TensorFilesTests", dependencies: ["TensorFiles", "TestSupport"], resources: [.copy("Fixtures")]),
    .testTarget(
      name: "OptimumTests", dependencies: ["Optimum", "TensorFiles", "TestSupport"], resources: [.copy("Golden")]),
    .testTarget(name: "FiguresTests", dependencies: ["Figures"]),
    .testTarget(
      name: "TrainingTests", dependencies: ["FastGaussNewton", "TestSupport"], resources: [.copy("Fixtures")]),
    .testTarget(name: "JobsTests", dependencies: ["Jobs", "TestSupport"]),
    .testTarget(name: "ComparisonTests", dependencies: ["Comparison", "FastGaussNewton", "TestSupport"]),
    .testTarget(
      name: "TasksTests", dependencies: ["FastGaussNewton", "Tasks", "TestSupport"], resources: [.copy("Golden")]),
    .testTarget(
      name: "ExperimentsTests", dependencies: ["Experiments", "FastGaussNewton", "TestSupport"]),
    .testTarget(name: "CommandTests", dependencies: ["fgn", "FastGaussNewton", "TestSupport"]),
    .testTarget(
      name: "DocumentationTests",
      dependencies: ["FastGaussNewton", "Comparison", "Figures", "Jobs", "Tasks", "Experiments"]),
  ],
  swiftLanguageModes: [.v6]
)

// Measurements, for developers of the package, which use what is not public. They are built on demand:
// FGN_BENCHMARKS=1 swift build -c release --scratch-path benchmarks/.build
if Context.environment["FGN_BENCHMARKS"] != nil {
  func benchmark(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .executableTarget(name: name, dependencies: ["Contestants"] + dependencies, path: "benchmarks/Sources/\(name)")
  }
  package.targets += [
    .target(name: "Contestants", dependencies: ["FastGaussNewton"], path: "benchmarks/Sources/Contestants"),
    benchmark("StepTimes"), benchmark("FullBatchSteps"), benchmark("HeadTraining"), benchmark("SolveTolerance"),
    benchmark("ProductRates"), benchmark("NetworkTraining"), benchmark("NetworkSteps"), benchmark("OptimumRun"),
    benchmark("NoCollapse"), benchmark("PredictionRun"), benchmark("LanguageHead"), benchmark("TorchCheck"),
    benchmark("ExactSteps", "Figures"), benchmark("CurveFigures", "Figures"),
  ]
}
