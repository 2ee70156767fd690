{
  "targets": [
    {
      "target_name": "fast_sysfs",
      "sources": [
        "native/addon.cc",
        "native/core/attribute_sampler.cc",
        "native/core/bytes.cc",
        "native/core/device_path.cc",
        "native/core/diskstats_sampler.cc",
        "native/core/executor.cc",
        "native/core/files.cc",
        "native/core/flight.cc",
        "native/core/pattern.cc",
        "native/core/program.cc",
        "native/core/sampler.cc",
        "native/core/uevent_waiter.cc",
        "native/core/uevents.cc",
        "native/glue/flight.cc",
        "native/glue/prepared_program.cc",
        "native/glue/sampler.cc",
        "native/glue/uevents.cc",
        "native/glue/values.cc",
        "native/portability.cc"
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-fexceptions", "-fvisibility=hidden", "-ffunction-sections"],
      "ldflags": ["-pthread", "-static-libstdc++", "-Wl,--gc-sections", "-Wl,--version-script=<(module_root_dir)/native/exports.map", "-Wl,-z,relro,-z,now"]
    }
  ]
}
