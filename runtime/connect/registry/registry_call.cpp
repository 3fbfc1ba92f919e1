#include "runtime/connect/registry/registry_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/data/text_forms.h"

namespace braid::registry {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestMessage = 500;

std::string shortened(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (text.size() <= kLongestMessage) return text;
  size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

/// What the registry says of an error; empty if the body is not one of its own.
struct ErrorBody {
  int code = 0;
  std::string message;
};
ErrorBody error_body(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  ErrorBody made;
  if (!json.is_object()) return made;
  if (const auto code = json.find("error_code"); code != json.end() && code->is_number_integer())
    made.code = static_cast<int>(code->get<int64_t>());
  if (const auto message = json.find("message"); message != json.end() && message->is_string())
    made.message = shortened(message->get<std::string>());
  return made;
}

bool may_change(int status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}

RegistryError error_of(const HttpAnswer& answer) {
  const ErrorBody said = error_body(answer.body);
  RegistryError error{.fault = RegistryFault::refused, .status = answer.status, .code = said.code};
  const std::string words = said.message.empty() ? std::string() : ": " + said.message;
  if (may_change(answer.status)) {
    error.fault = RegistryFault::not_now;
    error.message = fmt::format("{}{}", answer.status, words);
  } else if (answer.status == 404 && said.code != 0) {
    error.fault = RegistryFault::unknown;
    error.message = said.message.empty() ? "not found" : said.message;
  } else if (answer.status == 404) {
    error.message = "404, this is not the address of a request that a schema registry has";
  } else if (answer.status == 401 || answer.status == 403) {
    error.message =
        fmt::format("{}, {}{}", answer.status,
                    answer.status == 401 ? "the credentials are not accepted" : "a right is missing", words);
  } else if (answer.status == 409) {
    error.fault = RegistryFault::incompatible;
    error.message = said.message.empty() ? "409" : said.message;
  } else if (answer.status >= 300 && answer.status < 400) {
    error.message = fmt::format("{}, a redirect to another address, which is not followed", answer.status);
  } else {
    error.message = fmt::format("{}{}", answer.status, words);
  }
  return error;
}

}  // namespace

std::string escaped(std::string_view part) {
  std::string made;
  for (const char c : part) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain)
      made += c;
    else
      made += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

RegistryCall::RegistryCall(CallContext& context, RegistryRequest request, int64_t deadline_us)
    : context_(context),
      request_(std::move(request)),
      deadline_us_(deadline_us),
      first_(context.favourite),
      pause_us_(context.settings.first_pause_us) {}

const std::string& RegistryCall::url() const {
  return context_.settings.urls[(first_ + tries_ - 1) % context_.settings.urls.size()];
}

void RegistryCall::try_now(int64_t now) {
  const RegistrySettings& settings = context_.settings;
  ++tries_;
  HttpRequest request{.method = request_.method, .body = request_.body};
  request.url = url();
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += request_.path;
  request.headers.push_back("Accept: application/vnd.schemaregistry.v1+json, application/json");
  if (!request.body.empty()) request.headers.push_back("Content-Type: application/vnd.schemaregistry.v1+json");
  if (!settings.token.empty()) {
    request.headers.push_back("Authorization: Bearer " + settings.token);
  } else if (!settings.user.empty()) {
    std::string encoded;
    append_base64(encoded, settings.user + ":" + settings.password);
    request.headers.push_back("Authorization: Basic " + encoded);
  }
  request.timeout_us = std::min(settings.request_timeout_us, deadline_us_ - now);
  request.most_bytes = settings.longest_answer;
  exchange_ = context_.http.start(std::move(request));
}

const Answer<std::string>* RegistryCall::step() {
  while (!outcome_) {
    const int64_t now = context_.clock.steady_us();
    if (exchange_) {
      const HttpOutcome* done = exchange_->poll();
      if (done == nullptr) return nullptr;
      const HttpOutcome outcome = *done;
      exchange_.reset();
      take(outcome, now);
    } else if (now >= deadline_us_) {
      outcome_ = last_.value_or(RegistryError{.message = "no answer in time", .url = context_.settings.urls[first_]});
    } else if (now >= try_again_us_) {
      try_now(now);
    } else {
      return nullptr;
    }
  }
  return &*outcome_;
}

int64_t RegistryCall::next_us() const {
  return exchange_ ? deadline_us_ : std::min(try_again_us_, deadline_us_);
}

void RegistryCall::take(const HttpOutcome& outcome, int64_t now) {
  if (!outcome.ok()) {
    const HttpFailure& failure = outcome.error();
    RegistryError error{.message = shortened(failure.message), .url = url()};
    if (failure.fault == HttpFault::no_answer) {
      maybe_done_ = true;
      return failed(std::move(error), now, std::nullopt);
    }
    error.fault = RegistryFault::refused;
    outcome_ = std::move(error);
    return;
  }
  const HttpAnswer& answer = *outcome;
  if (answer.status >= 200 && answer.status < 300) {
    if (!Json::accept(answer.body)) {
      maybe_done_ = true;
      return failed({.message = "the answer is not that of a schema registry", .url = url(), .status = answer.status},
                    now, std::nullopt);
    }
    context_.favourite = (first_ + tries_ - 1) % context_.settings.urls.size();
    outcome_ = answer.body;
    return;
  }
  RegistryError error = error_of(answer);
  error.url = url();
  if (error.fault == RegistryFault::not_now) {
    if (answer.status != 429) maybe_done_ = true;
    return failed(std::move(error), now, answer.retry_after_us);
  }
  if (error.fault == RegistryFault::unknown) {
    if (request_.method == HttpMethod::remove && maybe_done_) {
      outcome_ = std::string("[]");
      return;
    }
    unknown_ = error;
    return failed(std::move(error), now, std::nullopt);
  }
  outcome_ = std::move(error);
}

void RegistryCall::failed(RegistryError error, int64_t now, std::optional<int64_t> asked_us) {
  last_ = std::move(error);
  asked_pause_us_ = std::max(asked_pause_us_, asked_us.value_or(0));
  try_again_us_ = now;
  if (tries_ % context_.settings.urls.size() != 0) return;
  // All URLs were asked.
  if (unknown_) {
    outcome_ = *unknown_;
    return;
  }
  const int64_t longest = context_.settings.longest_pause_us;
  const int64_t drawn = context_.rng.between(pause_us_ / 2, pause_us_);
  try_again_us_ = now + std::min(std::max(drawn, asked_pause_us_), longest);
  pause_us_ = std::min(pause_us_ * 2, longest);
  asked_pause_us_ = 0;
  if (try_again_us_ >= deadline_us_) outcome_ = *last_;  // waiting on would change nothing
}

}  // namespace braid::registry
