#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// log10, the only function a figure needs from the C library.
func decimalLogarithm(_ value: Double) -> Double { log10(value) }
