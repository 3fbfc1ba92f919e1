#include "runtime/connect/registry/registry_service.h"

extern "C" __attribute__((visibility("default"))) braid::registry::MakeRegistryService braid_registry_make_service() {
  return braid::registry::make_registry_service;
}
