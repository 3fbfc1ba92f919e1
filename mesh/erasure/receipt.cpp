#include "mesh/erasure/receipt.h"

#include <fmt/format.h>

#include "mesh/registry/signed_json.h"

namespace braid::mesh {
namespace {

constexpr const char* kKind = "braid.erasure.receipt";

}  // namespace

std::string sign_receipt(ErasureReceipt receipt, const DomainKey& key) {
  SortedJson json;
  json["kind"] = kKind;
  json["version"] = 1;
  json["project"] = receipt.project;
  json["environment"] = receipt.environment;
  json["store"] = receipt.store;
  json["completed_us"] = receipt.completed_us;
  json["searched"] = receipt.searched;
  json["signer"] = key.public_name();
  json["subjects"] = SortedJson::array();
  for (const ErasureReceipt::Subject& subject : receipt.subjects)
    json["subjects"].push_back({{"source", subject.source},
                                {"fields", subject.fields},
                                {"hash", subject.hash},
                                {"requested_us", subject.requested_us},
                                {"because", subject.because}});
  json["places"] = SortedJson::array();
  for (const ErasureReceipt::Place& place : receipt.places)
    json["places"].push_back({{"kind", place.kind},
                              {"name", place.name},
                              {"path", place.path},
                              {"rows_before", place.rows_before},
                              {"rows_after", place.rows_after},
                              {"done", place.done}});
  json["remains"] = SortedJson::array();
  for (const ErasureReceipt::Remain& remain : receipt.remains)
    json["remains"].push_back({{"place", remain.place}, {"reason", remain.reason}});
  return sign_json(std::move(json), key);
}

Result<ErasureReceipt> read_receipt(const std::string& text) {
  const auto wrong = [](std::string what) { return Error{.kind = ErrorKind::input, .message = std::move(what)}; };
  BRAID_ASSIGN(const SignedJson read, read_signed_json(text));
  const SortedJson& json = read.json;
  try {
    if (json.at("kind") != kKind) return wrong("it is something else");
    if (json.at("version") != 1) return wrong("it has a version that this program does not know");
    ErasureReceipt receipt;
    json.at("project").get_to(receipt.project);
    json.at("environment").get_to(receipt.environment);
    json.at("store").get_to(receipt.store);
    json.at("completed_us").get_to(receipt.completed_us);
    json.at("searched").get_to(receipt.searched);
    json.at("signer").get_to(receipt.signer);
    for (const SortedJson& each : json.at("subjects"))
      receipt.subjects.push_back({.source = each.at("source"),
                                  .fields = each.at("fields").get<std::vector<std::string>>(),
                                  .hash = each.at("hash"),
                                  .requested_us = each.at("requested_us"),
                                  .because = each.at("because")});
    for (const SortedJson& each : json.at("places"))
      receipt.places.push_back({.kind = each.at("kind"),
                                .name = each.at("name"),
                                .path = each.at("path"),
                                .rows_before = each.at("rows_before"),
                                .rows_after = each.at("rows_after"),
                                .done = each.at("done")});
    for (const SortedJson& each : json.at("remains"))
      receipt.remains.push_back({.place = each.at("place"), .reason = each.at("reason")});
    if (!read.is_signed_by(receipt.signer)) return wrong("the signature is not that of the key it names");
    return receipt;
  } catch (const SortedJson::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  }
}

}  // namespace braid::mesh
