import LinearAlgebra
import Models
import TensorFiles

/// How one type of layer is written in an architecture file: its options, both ways.
struct LayerForm: Sendable {
  let type: String
  let keys: [String]
  let read: @Sendable ([String: JSONValue], String) throws(FormError) -> any Layer
  /// Nil for a layer that is not of this form.
  let write: @Sendable (any Layer) throws(FormError) -> [String: JSONValue]?

  /// The form of layers like `prototype`, whose values are the defaults of options that may be left out.
  init<L: Layer>(_ prototype: L, _ options: LayerOption<L>...) {
    type = prototype.type
    keys = options.map(\.key)
    read = { members, place throws(FormError) in
      var layer = prototype
      for option in options {
        if let value = members[option.key] {
          try option.read(value, "\(place).\(option.key)", &layer)
        } else if option.isRequired {
          throw FormError(place, "missing key \"\(option.key)\" of \(prototype.type), \(option.expected)")
        } else {
          option.leaveOut(&layer)
        }
      }
      return layer
    }
    write = { layer throws(FormError) in
      guard let layer = layer as? L else { return nil }
      var members = ["type": JSONValue.string(layer.type)]
      for option in options {
        let value = try option.write(layer)
        if option.isRequired {
          members[option.key] = value
        } else if value != (try option.write(prototype)) {
          members[option.key] = value
        }
      }
      return members
    }
  }
}

/// One option of a layer: a key, and a property.
struct LayerOption<L: Layer>: Sendable {
  let key: String
  let isRequired: Bool
  /// For messages: what its values are.
  let expected: String
  let read: @Sendable (JSONValue, String, inout L) throws(FormError) -> Void
  /// Where the key is missing. Options are read in their order.
  let leaveOut: @Sendable (inout L) -> Void
  /// Nil is not written.
  let write: @Sendable (L) throws(FormError) -> JSONValue?

  private init<Value>(
    _ key: String, _ form: ValueForm<Value>, isRequired: Bool,
    get: @escaping @Sendable (L) -> Value?, set: @escaping @Sendable (inout L, Value) -> Void,
    leaveOut: @escaping @Sendable (inout L) -> Void = { _ in }
  ) {
    self.key = key
    self.isRequired = isRequired
    self.leaveOut = leaveOut
    expected = form.expected
    read = { value, place, layer throws(FormError) in
      guard let result = try form.read(value, place) else {
        throw FormError(place, "expected \(form.expected), got \(value.excerpt)")
      }
      set(&layer, result)
    }
    write = { layer throws(FormError) in
      guard let value = get(layer) else { return nil }
      do throws(FormError) { return try form.write(value) } catch {
        throw FormError(".\(key)\(error.place)", error.message)
      }
    }
  }

  static func required<Value>(
    _ key: String, _ path: WritableKeyPath<L, Value> & Sendable, _ form: ValueForm<Value>
  ) -> LayerOption {
    LayerOption(key, form, isRequired: true, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
  }

  static func optional<Value>(
    _ key: String, _ path: WritableKeyPath<L, Value> & Sendable, _ form: ValueForm<Value>
  ) -> LayerOption {
    LayerOption(key, form, isRequired: false, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
  }

  static func optional<Value>(
    _ key: String, _ path: WritableKeyPath<L, Value?> & Sendable, _ form: ValueForm<Value>
  ) -> LayerOption {
    LayerOption(key, form, isRequired: false, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
  }

  /// An option whose default is the value of another.
  static func optional<Value: Equatable & Sendable>(
    _ key: String, _ path: WritableKeyPath<L, Value> & Sendable, like other: KeyPath<L, Value> & Sendable,
    _ form: ValueForm<Value>
  ) -> LayerOption {
    LayerOption(
      key, form, isRequired: false,
      get: { $0[keyPath: path] == $0[keyPath: other] ? nil : $0[keyPath: path] }, set: { $0[keyPath: path] = $1 },
      leaveOut: { $0[keyPath: path] = $0[keyPath: other] })
  }
}

/// How an option's values are written.
struct ValueForm<Value>: Sendable {
  /// For messages: what a value is.
  let expected: String
  /// Nil for what is no such value.
  let read: @Sendable (JSONValue, String) throws(FormError) -> Value?
  let write: @Sendable (Value) throws(FormError) -> JSONValue
}

extension ValueForm where Value == Bool {
  static var flag: ValueForm {
    ValueForm(
      expected: "true or false",
      read: { value, _ throws(FormError) in if case .bool(let flag) = value { flag } else { nil } },
      write: { value throws(FormError) in .bool(value) })
  }
}

extension ValueForm where Value == Int {
  /// Widths, counts and the like.
  static var size: ValueForm { integer(1...ArchitectureFile.largestSize) }

  /// A token number.
  static var token: ValueForm { integer(0...ArchitectureFile.largestSize - 1) }

  static func integer(_ range: ClosedRange<Int>) -> ValueForm {
    ValueForm(
      expected: "an integer from \(range.lowerBound) to \(range.upperBound)",
      read: { value, _ throws(FormError) in
        if case .integer(let number) = value, range.contains(number) { number } else { nil }
      },
      write: { value throws(FormError) in .integer(value) })
  }
}

extension ValueForm where Value == Layers.Extent {
  /// A number for both directions, or [height, width].
  static func extent(from least: Int) -> ValueForm {
    let range = least...4096
    return ValueForm(
      expected: "an integer from \(least) to \(range.upperBound), or two of them, [height, width]",
      read: { value, _ throws(FormError) in
        let values = if case .array(let pair) = value { pair } else { [value, value] }
        guard values.count == 2, case .integer(let height) = values[0], case .integer(let width) = values[1],
          range.contains(height), range.contains(width)
        else { return nil }
        return Layers.Extent(height: height, width: width)
      },
      write: { extent throws(FormError) in
        extent.height == extent.width
          ? .integer(extent.height) : .array([.integer(extent.height), .integer(extent.width)])
      })
  }
}

extension ValueForm where Value == Double {
  static var positive: ValueForm { number("a positive number") { $0 > 0 } }
  static var finite: ValueForm { number("a number") { _ in true } }

  /// A number for which `accepts` is true.
  static func number(_ expected: String, where accepts: @escaping @Sendable (Double) -> Bool) -> ValueForm {
    ValueForm(
      expected: expected,
      read: { value, _ throws(FormError) in
        let number: Double
        switch value {
        case .integer(let integer): number = Double(integer)
        case .unsigned(let integer): number = Double(integer)
        case .number(let real): number = real
        default: return nil
        }
        return accepts(number) ? number : nil
      },
      write: { value throws(FormError) in .number(value) })
  }
}

extension ValueForm where Value: RawRepresentable<String> & CaseIterable & Sendable {
  static var name: ValueForm {
    ValueForm(
      expected: "one of " + Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "),
      read: { value, _ throws(FormError) in
        if case .string(let name) = value { Value(rawValue: name) } else { nil }
      },
      write: { value throws(FormError) in .string(value.rawValue) })
  }
}

extension ValueForm where Value == [any Layer] {
  static var layers: ValueForm {
    ValueForm(
      expected: "an array of layers",
      read: { value, place throws(FormError) in
        guard case .array(let values) = value else { return nil }
        return try ArchitectureFile.layers(values, at: place)
      },
      write: { layers throws(FormError) in .array(try ArchitectureFile.values(layers, at: "")) })
  }
}

/// What is wrong where in an architecture.
struct FormError: Error {
  /// As in "layers[3].body[0]".
  var place: String
  var message: String

  init(_ place: String, _ message: String) {
    self.place = place
    self.message = message
  }
}
