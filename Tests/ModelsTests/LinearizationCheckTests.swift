import LinearAlgebra
import Models
import TestSupport
import Testing

/// `checkLinearization` must pass what is right with room to spare, and find out and name what is not.
@Suite struct LinearizationCheckTests {
  typealias Check = Linearizations.Report.Check

  /// The checks that are about the fault itself.
  static let expected: [LayerFault: Check] = [
    .transpose: .inputAdjoint, .parameterTranspose: .adjoint, .missingTerm: .inputDifferences,
    .missingBias: .differences, .constantTerm: .linearity, .gramWithoutBias: .rowGram, .gramMixesParts: .rowGram,
    .gramOverwrites: .rowGram, .wrongNorms: .rowSquaredNorms, .wrongGradients: .rowGradients,
    .ignoresRowWeights: .rowWeights, .ignoresAlpha: .factors, .ignoresBeta: .factors, .readsResult: .factors,
    .wrongRowProducts: .rowProducts, .doublesBothTangents: .bothTangents, .writesNeighbour: .ownParameters,
    .nondeterministic: .determinism, .remembers: .determinism, .mixesRows: .independentRows, .wrongShape: .shape,
    .noSlices: .shape, .notFinite: .finite,
  ]

  func report<S: RealScalar>(
    _ type: S.Type, _ layers: [any Layer], input: [Int] = [4], count: Int = 5, seed: UInt64 = 1
  ) throws -> Linearizations.Report {
    let network = try Network<S>(Architecture(input: input, layers: layers))
    var generator = SeededGenerator(seed: seed)
    let parameters = Parameters<S>(
      layout: network.layout, values: generator.vector(network.layout.count, scale: 0.5))
    return checkLinearization(
      network, at: parameters, inputs: Inputs(generator.matrix(count, network.inputWidth)), seed: seed)
  }

  func faulty<S: RealScalar>(_ type: S.Type, _ fault: LayerFault) throws -> Linearizations.Report {
    try report(type, [Layers.Dense(4), FaultyLayer(fault: fault), Layers.Dense(3)])
  }

  @Test(arguments: LayerFault.allCases.filter { $0 != .none })
  func brokenLayersAreFoundAndNamed(_ fault: LayerFault) throws {
    let check = try #require(Self.expected[fault])
    for report in [try faulty(Double.self, fault), try faulty(Float.self, fault)] {
      #expect(!report.passed)
      #expect(report.faultyLayers == ["1 (quadratic)"], "\(report)")
      #expect(report.failures.contains { $0.check == check && $0.layer == "1 (quadratic)" }, "\(report)")
      #expect(report.failures.allSatisfy { $0.layer == "1 (quadratic)" || $0.layer == "model" }, "\(report)")
      #expect(report.description.contains("look at 1 (quadratic)"))
      #expect(report.failures.allSatisfy { !$0.advice.isEmpty })
    }
  }

  /// A fault shows in what it is about: a term that both products lack, in finite differences alone.
  @Test(arguments: [
    (LayerFault.missingTerm, Check.inputDifferences), (.gramWithoutBias, .rowGram), (.wrongNorms, .rowSquaredNorms),
    (.wrongRowProducts, .rowProducts), (.writesNeighbour, .ownParameters), (.ignoresAlpha, .factors),
  ])
  func nothingElseFails(_ fault: LayerFault, _ check: Check) throws {
    let failures = try faulty(Double.self, fault).failures.filter { $0.layer != "model" }
    #expect(failures.map(\.check).allSatisfy { $0 == check || (fault == .ignoresAlpha && $0 == .rowPullback) })
  }

  @Test func rightLayersPassWithRoom() throws {
    func check<S: RealScalar>(_ type: S.Type) throws {
      var findings = Findings("\(S.precisionName)")
      for seed in 1...4 as ClosedRange<UInt64> {
        let report = try report(type, [Layers.Dense(4), FaultyLayer(), Layers.Dense(3)], seed: seed)
        #expect(report.passed, "\(report)")
        for verdict in report.verdicts {
          findings.expect(ratio(verdict), atMost: 0.25, verdict.check.rawValue, "\(verdict)")
        }
      }
      findings.report("right layers \(S.precisionName), of the limit")
      #expect(findings.violations.isEmpty)
    }
    try check(Float.self)
    try check(Double.self)
  }

  private func ratio(_ verdict: Linearizations.Report.Verdict) -> Double {
    verdict.error == 0 ? 0 : verdict.error / verdict.limit
  }

  // MARK: Models

  func check<M: Model>(_ model: M, rows: Int = 5, seed: UInt64 = 3) -> Linearizations.Report {
    var generator = SeededGenerator(seed: seed)
    let parameters = Parameters<M.Scalar>(layout: model.layout, values: generator.vector(model.layout.count))
    return checkLinearization(
      model, at: parameters, inputs: Inputs(generator.matrix(rows, model.inputWidth)), seed: seed)
  }

  @Test func rightModelsPass() {
    func run<S: RealScalar>(_ type: S.Type) {
      let prototypes = PrototypeModel<S>(features: 4, classes: 3)
      for report in [
        check(prototypes), check(PlainPrototypeModel(inner: prototypes)), check(prototypes, rows: 1),
        check(LinearHead<S>(features: 4, classes: 3)), check(LinearHead<S>(features: 3, classes: 2, intercept: false)),
      ] {
        #expect(report.passed, "\(report)")
        #expect(report.faultyLayers.isEmpty)
        #expect(report.verdicts.allSatisfy { $0.layer == "model" })
      }
      let checks = Set(check(LinearHead<S>(features: 4, classes: 3)).verdicts.map(\.check))
      #expect(checks.isSuperset(of: [.sharedGram, .isotropy]))
    }
    run(Float.self)
    run(Double.self)
  }

  static let expectedOfModels: [ModelFault: Check] = [
    .transpose: .adjoint, .missingTerm: .differences, .ignoresRowWeights: .rowWeights, .ignoresBeta: .factors,
    .remembers: .determinism, .wrongShape: .shape, .isotropic: .isotropy, .sharedGram: .sharedGram,
    .wrongGram: .rowGram, .wrongNorms: .rowSquaredNorms, .wrongRowProducts: .rowProducts, .endlessCosts: .costs,
  ]

  @Test(arguments: ModelFault.allCases.filter { $0 != .none })
  func brokenModelsAreFoundOut(_ fault: ModelFault) throws {
    for report in [
      check(PrototypeModel<Double>(features: 4, classes: 3, fault: fault)),
      check(PrototypeModel<Float>(features: 4, classes: 3, fault: fault)),
    ] {
      #expect(report.failures.map(\.check).contains(try #require(Self.expectedOfModels[fault])), "\(report)")
      #expect(report.faultyLayers == ["model"])
    }
  }

  /// Normalises over the batch: may be evaluated, never trained.
  struct Untrainable: Layer {
    var type: String { "batch_mean" }
    func makeLinearization<S: RealScalar>(at site: Layers.Site, as type: S.Type) -> any LayerLinearization<S> {
      preconditionFailure("must not be asked for")
    }
    func checkTrainable() throws(Layers.Failure) { throw Layers.Failure("rows of a batch mix: use frozen statistics") }
  }

  @Test func whatCannotBeTrainedIsRefused() throws {
    // The network itself makes linearisations of its layers: a head with a refusal in front would do as well.
    struct Refusing: Model {
      let inner = LinearHead<Double>(features: 2, classes: 2)
      var layout: ParameterLayout { inner.layout }
      var inputWidth: Int { 2 }
      var outputWidth: Int { 2 }
      func makeLinearization() -> Linearizations.OfHead<Double> { inner.makeLinearization() }
      func checkTrainable() throws(Layers.Failure) { try Untrainable().checkTrainable() }
    }
    let report = check(Refusing())
    #expect(report.failures.map(\.check) == [.trainable])
    #expect(report.description.contains("use frozen statistics"))
  }

  // MARK: Networks

  /// A layer of layers, for the walk: what they make one after the other, added to their input.
  struct Sum: CompositeLayer {
    var type: String { "sum" }
    var body: [any Layer]
    var forgetsInput = false
    var branches: [(name: String, layers: [any Layer])] { [("body", body)] }

    func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      LayerStack<Double>.parameters(body, input: input).map { $0.under("body") }
    }

    func makeLinearization<S: RealScalar>(at site: Layers.Site, as type: S.Type) -> any LayerLinearization<S> {
      let inner = Layers.Site(path: site.path + ".body", input: site.input, slices: site.slices)
      return SumLinearization(slices: site.slices, stack: LayerStack(body, at: inner), skip: forgetsInput ? 0 : 1)
    }
  }

  struct SumLinearization<Scalar: RealScalar>: LayerLinearization {
    let slices: [ParameterLayout.Slice]
    var stack: LayerStack<Scalar>
    /// What the tangent and cotangent take of the input; the outputs take all of it.
    let skip: Scalar

    mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
      stack.forward(at: point, into: &output)
      output.combine(1, point.input)
    }

    mutating func pushforward(
      _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
      into result: inout Matrix<Scalar>
    ) {
      stack.pushforward(inputTangent, tangent, at: point, into: &result)
      if let inputTangent { result.combine(skip, inputTangent) }
    }

    mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
      stack.prepare(cotangents, at: point, needsInput: true)
    }

    mutating func pullback(
      _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
    ) {
      result = stack.inputCotangents
      result.combine(skip, cotangents)
    }

    mutating func parameterPullback(
      _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
      beta: ParameterLayout.Factors<Scalar>,
      at point: Layers.Point<Scalar>, into result: inout [Scalar]
    ) {
      stack.parameterPullback(
        cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
    }
  }

  @Test func innerLayersAreNamed() throws {
    let right = try report(
      Double.self, [Layers.Dense(4), Sum(body: [Layers.Dense(6), FaultyLayer(), Layers.Dense(4)]), Layers.Dense(3)])
    #expect(right.passed, "\(right)")
    let labels = Set(right.verdicts.map(\.layer))
    #expect(labels.isSuperset(of: ["1.body.0 (dense)", "1.body.1 (quadratic)", "1 (sum)", "2 (dense)", "model"]))

    let inside = try report(
      Double.self,
      [
        Layers.Dense(4), Sum(body: [Layers.Dense(6), Sum(body: [FaultyLayer(fault: .missingTerm)]), Layers.Dense(4)]),
        Layers.Dense(3),
      ])
    #expect(inside.faultyLayers == ["1.body.1.body.0 (quadratic)"], "\(inside)")
    #expect(Set(inside.failures.map(\.layer)).isSuperset(of: ["1 (sum)", "1.body.1 (sum)"]))

    let outside = try report(
      Double.self, [Layers.Dense(4), Sum(body: [Layers.Dense(4)], forgetsInput: true), Layers.Dense(3)])
    #expect(outside.faultyLayers == ["1 (sum)"], "\(outside)")

    let frozen = try report(Double.self, [Layers.Frozen(Sum(body: [FaultyLayer(fault: .transpose)])), Layers.Dense(3)])
    #expect(frozen.faultyLayers == ["0.body.0 (quadratic)"], "\(frozen)")
  }

  @Test func frozenLayersHaveAnInputOnly() throws {
    let report = try report(Double.self, [Layers.Dense(4), Layers.Frozen(FaultyLayer()), Layers.Dense(3)])
    #expect(report.passed, "\(report)")
    let checks = Set(report.verdicts.filter { $0.layer == "1 (frozen)" }.map(\.check))
    #expect(checks.contains(.inputDifferences) && !checks.contains(.differences))
    #expect(
      try !self.report(
        Double.self, [Layers.Dense(4), Layers.Frozen(FaultyLayer(fault: .missingTerm)), Layers.Dense(3)]
      ).passed)
  }

  @Test func positionsAndChosenRows() throws {
    func run<S: RealScalar>(_ type: S.Type, _ fault: LayerFault) throws -> Linearizations.Report {
      let layers: [any Layer] = [FaultyLayer(), Layers.Positions(), FaultyLayer(fault: fault), Layers.Dense(3)]
      let network = try Network<S>(Architecture(input: [3, 2], layers: layers))
      var generator = SeededGenerator(seed: 5)
      let parameters = Parameters<S>(layout: network.layout, values: generator.vector(network.layout.count))
      var inputs = Inputs<S>(generator.matrix(4, 6))
      inputs.rows = [0, 2, 3, 7, 8, 9, 11]
      return checkLinearization(network, at: parameters, inputs: inputs)
    }
    let right = [try run(Double.self, .none), try run(Float.self, .none)]
    for report in right { #expect(report.passed, "\(report)") }
    #expect(try run(Double.self, .missingBias).faultyLayers == ["2 (quadratic)"])
  }

  // MARK: Kinks

  /// max(x, 0), with the point on the kink or not far from it.
  struct Ramp: Layer {
    var type: String { "ramp" }
    var isFaulty = false
    func makeLinearization<S: RealScalar>(at site: Layers.Site, as type: S.Type) -> any LayerLinearization<S> {
      RampLinearization<S>(isFaulty: isFaulty)
    }
  }

  struct RampLinearization<Scalar: RealScalar>: LayerLinearization {
    let isFaulty: Bool

    mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
      pushforward(point.input, nil, at: point, into: &output)
    }

    mutating func pushforward(
      _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
      into result: inout Matrix<Scalar>
    ) {
      result = inputTangent ?? point.input
      for i in 0..<point.rows {
        for j in 0..<point.input.columns where point.input[i, j] <= 0 {
          result[i, j] *= isFaulty && inputTangent != point.input ? 0.2 : 0
        }
      }
    }

    mutating func pullback(
      _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
    ) {
      pushforward(cotangents, nil, at: point, into: &result)
    }
  }

  /// A wide layer of ramps: some are within the steps of their kink. The right ones pass, the wrong ones do not.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func kinksDoNotAlarm(seed: UInt64) throws {
    for isFaulty in [false, true] {
      let layers: [any Layer] = [Layers.Dense(60), Ramp(isFaulty: isFaulty), Layers.Dense(3)]
      for report in [
        try report(Double.self, layers, count: 6, seed: seed), try report(Float.self, layers, count: 6, seed: seed),
      ] {
        #expect(report.passed == !isFaulty, "\(report)")
        #expect(!isFaulty || report.faultyLayers == ["1 (ramp)"])
      }
    }
  }

  /// Maxima over windows that ReLU filled with zeros: the point is on kinks, and any slope between the two sides' is
  /// right; one outside is not.
  @Test func tiesDoNotAlarm() throws {
    let layers: [any Layer] = [
      Layers.Bias(), Layers.Activation(.relu), Layers.MaxPool2D(kernel: 2), Layers.Flatten(), Layers.Dense(3),
    ]
    for report in [
      try report(Double.self, layers, input: [2, 4, 4], count: 20),
      try report(Float.self, layers, input: [2, 4, 4], count: 20),
    ] {
      #expect(report.passed, "\(report)")
      let verdict = report.verdicts.first { $0.layer == "2 (max_pool2d)" && $0.check == .inputDifferences }
      #expect(try #require(verdict).advice.contains("at a kink"))
    }
  }

  /// A bias before a normalisation over its channel has no effect: its gradient is rounding, and nothing to compare.
  @Test func slicesWithoutEffectDoNotAlarm() throws {
    let layers: [any Layer] = [
      Layers.Conv2D(channels: 2, kernel: 2), Layers.GroupNorm(groups: 2), Layers.Flatten(), Layers.Dense(3),
    ]
    for report in [
      try report(Double.self, layers, input: [1, 3, 3]), try report(Float.self, layers, input: [1, 3, 3]),
    ] {
      #expect(report.passed, "\(report)")
    }
  }

  /// Tokens are no input to differentiate by, and the row of the padding token is used but never trained.
  @Test func tokensAndPadding() throws {
    func run<S: RealScalar>(_ type: S.Type) throws {
      let layers: [any Layer] = [
        Layers.Embedding(vocabulary: 5, width: 3, padding: 2), Layers.LayerNorm(), Layers.MeanPositions(),
        Layers.Dense(3),
      ]
      let network = try Network<S>(Architecture(input: [4], layers: layers))
      var generator = SeededGenerator(seed: 6)
      let tokens = Matrix<S>(rows: 3, columns: 4, elements: [0, 2, 1, 2, 4, 3, 3, 2, 2, 0, 0, 1])
      let parameters = Parameters<S>(layout: network.layout, values: generator.vector(network.layout.count))
      let report = checkLinearization(network, at: parameters, inputs: Inputs(tokens))
      #expect(report.passed, "\(report)")
      let checks = Set(report.verdicts.filter { $0.layer == "0 (embedding)" }.map(\.check))
      #expect(checks.contains(.differences) && !checks.contains(.inputDifferences))

      var wrong = tokens
      wrong[1, 1] = 5
      let refused = checkLinearization(network, at: parameters, inputs: Inputs(wrong))
      #expect(refused.failures.map(\.check) == [.trainable], "\(refused)")
    }
    try run(Double.self)
    try run(Float.self)
  }
}
