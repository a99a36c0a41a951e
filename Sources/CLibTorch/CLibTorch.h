// libtorch is C++; only its search paths and libraries come through this module (pkg-config: libtorch).
