// What jobs take and give is of these modules: one import is enough.
@_exported import Errors
@_exported import GaussNewton
@_exported import LinearAlgebra
@_exported import Losses
@_exported import Methods
@_exported import Models
@_exported import Optimization
@_exported import Optimum
@_exported import TensorFiles
@_exported import Training
