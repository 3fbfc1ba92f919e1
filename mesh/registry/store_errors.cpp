#include "mesh/registry/store_errors.h"

#include <system_error>

#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

std::string reason_of(const Error& error) {
  if (error.system_error == 0) return error.message;
  return std::error_code(error.system_error, std::generic_category()).message();
}

}  // namespace

Error error_of(ErrorKind kind, const Diagnostic& finding, int system_error) {
  return {kind, finding.message, finding.code, system_error};
}

Error unreadable(const ObjectStore& store, const Error& error) {
  if (error.code != 0) return error;
  return error_of(ErrorKind::input,
                  diag::RegistryNotReadable{.place = store.place(), .reason = reason_of(error)}.make(),
                  error.system_error);
}

Error unwritable(const ObjectStore& store, const Error& error) {
  if (error.code != 0) return error;
  return error_of(ErrorKind::output,
                  diag::RegistryNotWritable{.place = store.place(), .reason = reason_of(error)}.make(),
                  error.system_error);
}

Error unusable(const std::string& place, bool writes, const std::string& reason) {
  if (writes) return error_of(ErrorKind::output, diag::RegistryNotWritable{.place = place, .reason = reason}.make());
  return error_of(ErrorKind::input, diag::RegistryNotReadable{.place = place, .reason = reason}.make());
}

Error damaged(const ObjectStore& store, const std::string& object, std::string reason) {
  return error_of(ErrorKind::input,
                  diag::RegistryDamaged{.object = object, .place = store.place(), .reason = std::move(reason)}.make());
}

}  // namespace braid::mesh
