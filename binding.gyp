{
  "targets": [
    {
      "target_name": "fast_sysfs",
      "sources": [
        "native/addon.cc",
        "native/core/bytes.cc",
        "native/core/device_path.cc",
        "native/core/executor.cc",
        "native/core/files.cc",
        "native/core/pattern.cc",
        "native/core/program.cc",
        "native/portability.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-fexceptions", "-fvisibility=hidden", "-ffunction-sections"],
      "ldflags": ["-static-libstdc++", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now"]
    }
  ]
}
