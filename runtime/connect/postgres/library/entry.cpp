#include "runtime/connect/postgres/postgres_service.h"
#include "runtime/connect/postgres/postgres_session.h"

extern "C" __attribute__((visibility("default"))) braid::MakeServiceClient braid_postgres_make_service() {
  return braid::make_postgres_service;
}

extern "C" __attribute__((visibility("default"))) braid::OpenSqlSession braid_postgres_open_session() {
  return braid::open_postgres_session;
}
