#include "runtime/connect/registry/register_product.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/report/diagnostic.h"

namespace braid::registry {
namespace {

template <class Entry>
Error made(ErrorKind kind, const Entry& entry) {
  Diagnostic finding = entry.make();
  return {kind, std::move(finding.message), finding.code};
}

Error incompatible(const ProductSchema& product, const std::string& subject, std::string reason) {
  if (reason.empty()) reason = "the registry does not say what differs";
  return made(ErrorKind::usage,
              diag::RegistryIncompatible{.product = product.product, .subject = subject, .reason = std::move(reason)});
}

std::optional<schema::Compatibility> level_of(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return schema::compatibility_of(word);
}

/// Whether all that `wanted` promises is promised by `has`.
bool promises(schema::Compatibility has, schema::Compatibility wanted) {
  return (schema::reads_old_rows(has) || !schema::reads_old_rows(wanted)) &&
         (schema::lets_old_read(has) || !schema::lets_old_read(wanted)) &&
         (schema::looks_at_all_earlier(has) || !schema::looks_at_all_earlier(wanted));
}

}  // namespace

std::string subject_of(SubjectName by, const std::string& topic, const std::string& record) {
  switch (by) {
    case SubjectName::topic:
      return topic + "-value";
    case SubjectName::record:
      return record;
    case SubjectName::topic_record:
      return topic + "-" + record;
  }
  BRAID_UNREACHABLE("name of a subject");
}

Error error_of(const RegistryError& error, const std::string& what) {
  switch (error.fault) {
    case RegistryFault::not_now:
      return made(ErrorKind::output, diag::RegistryNotNow{.url = error.url, .reason = error.message});
    case RegistryFault::unknown:
      return made(ErrorKind::input, diag::SchemaUnknown{.url = error.url, .schema = what});
    case RegistryFault::refused:
    case RegistryFault::incompatible:
      return made(ErrorKind::usage, diag::RegistryRefused{.url = error.url, .reason = error.message});
  }
  BRAID_UNREACHABLE("fault of a registry");
}

Result<RegisteredProduct> register_product(RegistryClient& client, const ProductSchema& product) {
  RegisteredProduct done{subject_of(product.named_by, product.topic, product.record), 0};
  const std::string what = "the subject `" + done.subject + "`";
  if (product.level) {
    const auto has = client.level(done.subject);
    if (!has.ok() && has.error().fault != RegistryFault::unknown) return error_of(has.error(), what);
    const auto known = has.ok() ? level_of(*has) : std::nullopt;
    if (!known || !promises(*known, *product.level)) {
      const auto set = client.set_level(done.subject, schema::registry_word_of(*product.level));
      if (!set.ok()) return error_of(set.error(), what);
    }
  }
  const auto id = client.register_schema(done.subject, product.schema);
  if (!id.ok() && id.error().fault == RegistryFault::incompatible) {
    // The answer to the question says more than the refusal, in registries that say why.
    const auto why = client.check(done.subject, product.schema, CompareWith::all);
    if (why.ok() && !why->messages.empty())
      return incompatible(product, done.subject, fmt::format("{}", fmt::join(why->messages, "; ")));
    return incompatible(product, done.subject, id.error().message);
  }
  if (!id.ok()) return error_of(id.error(), what);
  done.id = *id;
  return done;
}

}  // namespace braid::registry
