{
  "target_defaults": {
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20", "-O3"],
    "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-fexceptions", "-fvisibility=hidden", "-ffunction-sections"]
  },
  "targets": [
    {
      # Knows no JavaScript.
      "target_name": "core",
      "type": "static_library",
      "sources": [
        "native/core/async_run.cc",
        "native/core/attribute_sampler.cc",
        "native/core/bytes.cc",
        "native/core/device_path.cc",
        "native/core/diskstats_sampler.cc",
        "native/core/executor.cc",
        "native/core/files.cc",
        "native/core/pattern.cc",
        "native/core/program.cc",
        "native/core/sampler.cc",
        "native/core/uevent_waiter.cc",
        "native/core/uevents.cc"
      ],
      "cflags_cc": ["-O2", "-fPIC"]
    },
    {
      "target_name": "fast_sysfs",
      "sources": [
        "native/addon.cc",
        "native/glue/async_run.cc",
        "native/glue/prepared_program.cc",
        "native/glue/sampler.cc",
        "native/glue/uevents.cc",
        "native/glue/values.cc",
        "native/portability.cc"
      ],
      "dependencies": [
        "core",
        # Turns every C++ exception that leaves a function of the addon into a JavaScript exception.
        "<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except_all"
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # A worker thread that is terminated in a call cannot throw. Without this the process would abort.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "cflags_cc": ["-O2"],
      "ldflags": ["-pthread", "-static-libstdc++", "-Wl,--gc-sections", "-Wl,--version-script=<(module_root_dir)/native/exports.map", "-Wl,-z,relro,-z,now"]
    }
  ]
}
