import LinearAlgebra
import Models

extension ModelFile {
  /// The values that classes stand for, where they are whole numbers, as the file says; nil for other classes, and for
  /// files that do not say it.
  package var classNumbers: [Int]? {
    guard isClassifier, labelKind == .wholeNumber else { return nil }
    let numbers = classNames.compactMap { Int($0) }
    return numbers.count == classNames.count ? numbers : nil
  }

  /// The model with classes in the order of `names`, which hold all of its own: the weights of each class stay what
  /// they are, and those of a class that is new are zero.
  ///
  /// A model whose file has no names of classes takes as many as it has outputs as they come.
  ///
  /// - Throws: `DataError` where classes are new and the last layer is not a dense one, or a class is lost.
  package func withClasses(_ names: [String]) throws(DataError) -> ModelFile {
    if names == classNames { return self }
    var old = classNames.map { names.firstIndex(of: $0) }
    if old.contains(nil), isUnnamed, names.count == classNames.count { old = names.indices.map { $0 } }
    let places = old.compactMap { $0 }
    guard places.count == classNames.count else {
      throw DataError("", "expected the model's classes \(DataFiles.list(classNames)), got \(DataFiles.list(names))")
    }
    let (wider, slices) = try model(outputs: names)
    var values = Parameters<Scalar>(layout: wider.layout)
    for (from, to) in zip(parameters.layout.slices, wider.layout.slices) {
      if slices.contains(from.name) {
        let width = from.range.count / classNames.count
        for (k, place) in places.enumerated() {
          let row = Array(
            parameters.values[from.range.lowerBound + k * width..<from.range.lowerBound + (k + 1) * width])
          let first = to.range.lowerBound + place * width
          values.values.replaceSubrange(first..<first + width, with: row)
        }
      } else {
        values.values.replaceSubrange(to.range, with: Array(parameters.values[from.range]))
      }
    }
    func made(_ model: some Model<Scalar>) -> ModelFile {
      var result = ModelFile(model: model, parameters: values, classNames: names)
      (result.standardization, result.indexBase, result.table) = (standardization, indexBase, table)
      (result.l2, result.seed, result.temperature, result.producer) = (l2, seed, temperature, producer)
      return result
    }
    return made(wider)
  }

  /// The model with one output for each name, and the names of its tensors that have a row for each.
  private func model(outputs names: [String]) throws(DataError) -> (any Model<Scalar>, Set<String>) {
    if let head = model as? LinearHead<Scalar> {
      return (
        LinearHead<Scalar>(features: head.inputWidth, classes: names.count, intercept: head.hasIntercept),
        Set(head.layout.slices.map(\.name))
      )
    }
    guard let network = model as? Network<Scalar>, var last = network.architecture.layers.last as? Layers.Dense else {
      let new = names.filter { !classNames.contains($0) }
      throw DataError(
        "",
        "classes can be added where a model ends in a dense layer, and this one does not: it has the classes "
          + "\(DataFiles.list(classNames)), and the data add \(DataFiles.list(new))")
    }
    var architecture = network.architecture
    last.width = names.count
    architecture.layers[architecture.layers.count - 1] = last
    do {
      let prefix = "\(architecture.layers.count - 1)."
      return (
        try Network<Scalar>(architecture), Set(network.layout.slices.map(\.name).filter { $0.hasPrefix(prefix) })
      )
    } catch { throw DataError("", "\(error)") }
  }
}

extension Dataset {
  /// The same examples with the classes `names` too, where they have classes; see `ClassLabels.joined`.
  package func joining(_ names: [String]) -> Dataset {
    guard classCount > 0, !names.isEmpty, names != classNames else { return self }
    let all = ClassLabels.joined(names, with: classNames).names
    let lookup = ClassLookup(all)
    let places = classNames.map { lookup[$0] ?? 0 }
    var result = self
    result.classNames = all
    result.targets = .classes(labels.map { $0 < 0 ? $0 : places[Int($0)] })
    return result
  }
}
