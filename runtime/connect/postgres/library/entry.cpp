#include "runtime/connect/postgres/postgres_service.h"

extern "C" __attribute__((visibility("default"))) braid::MakeServiceClient braid_postgres_make_service() {
  return braid::make_postgres_service;
}
