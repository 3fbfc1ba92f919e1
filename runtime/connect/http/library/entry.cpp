#include "runtime/connect/http/alertmanager.h"
#include "runtime/connect/http/document.h"
#include "runtime/connect/http/event_post.h"
#include "runtime/connect/http/http_service.h"
#include "runtime/connect/http/waiting_web.h"

extern "C" __attribute__((visibility("default"))) braid::MakeServiceClient braid_http_make_service() {
  return braid::make_http_service;
}

extern "C" __attribute__((visibility("default"))) braid::MakeAlertSender braid_http_make_alert_sender() {
  return braid::make_alertmanager;
}

extern "C" __attribute__((visibility("default"))) braid::MakeEventSender braid_http_make_event_sender() {
  return braid::make_event_post;
}

extern "C" __attribute__((visibility("default"))) braid::GetDocument braid_http_get_document() {
  return braid::get_document;
}

extern "C" __attribute__((visibility("default"))) braid::PostDocument braid_http_post_document() {
  return braid::post_document;
}

extern "C" __attribute__((visibility("default"))) braid::MakeWeb braid_http_make_web() {
  return braid::make_web;
}
