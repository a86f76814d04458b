// One import for a library user.
@_exported import Baselines
@_exported import Errors
@_exported import GaussNewton
@_exported import Jobs
@_exported import LinearAlgebra
@_exported import Losses
@_exported import Methods
@_exported import Models
@_exported import Optimization
@_exported import Optimum
@_exported import TensorFiles
@_exported import Training
