#include "runtime/connect/http/alertmanager.h"
#include "runtime/connect/http/http_service.h"

extern "C" __attribute__((visibility("default"))) braid::MakeServiceClient braid_http_make_service() {
  return braid::make_http_service;
}

extern "C" __attribute__((visibility("default"))) braid::MakeAlertSender braid_http_make_alert_sender() {
  return braid::make_alertmanager;
}
