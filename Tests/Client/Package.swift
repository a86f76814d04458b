// swift-tools-version: 6.3
import PackageDescription

/// The examples of the pages and of the doc comments, compiled as another package sees this one: with what is public.
let package = Package(
  name: "client",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "fast-gauss-newton", path: "../..")],
  targets: [
    .testTarget(
      name: "Examples",
      dependencies: ["FastGaussNewton", "Comparison", "Figures", "Jobs", "Tasks", "Experiments"].map {
        .product(name: $0, package: "fast-gauss-newton")
      },
      exclude: ["Internal"])
  ],
  swiftLanguageModes: [.v6]
)
