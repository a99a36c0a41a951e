// What stands in this module's interface comes with it, so that `import Blip` is all a user writes.
@_exported import BlipDecoding
@_exported import BlipImages
@_exported import BlipModels
@_exported import BlipTensors
@_exported import BlipTokenizers
