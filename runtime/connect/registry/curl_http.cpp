#include "runtime/connect/registry/curl_http.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>

#include "runtime/base/check.h"
#include "runtime/base/fs.h"

namespace braid::registry {
namespace {

constexpr int64_t kMillisecond = 1000;

HttpFault fault_of(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return HttpFault::untrusted;
    default:
      return HttpFault::no_answer;
  }
}

class CurlHttp;

class CurlExchange final : public HttpExchange {
 public:
  CurlExchange(CurlHttp& http, HttpRequest request, const TlsSettings& tls);
  ~CurlExchange() override;
  const HttpOutcome* poll() override;

  void finish(CURLcode code) {
    if (too_long_) {
      outcome_ =
          HttpFailure{HttpFault::too_long, fmt::format("the answer is longer than {} bytes", request_.most_bytes)};
    } else if (code != CURLE_OK) {
      outcome_ = HttpFailure{fault_of(code), error_[0] != '\0' ? error_ : curl_easy_strerror(code)};
    } else {
      long status = 0;
      curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
      curl_off_t retry_after = 0;
      curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &retry_after);
      HttpAnswer answer{static_cast<int>(status), std::move(body_), std::nullopt};
      if (retry_after > 0) answer.retry_after_us = std::min<int64_t>(retry_after, 86400) * 1'000'000;
      answer.etag = header("ETag");
      answer.date = header("Date");
      answer.last_modified = header("Last-Modified");
      outcome_ = std::move(answer);
    }
  }

 private:
  static size_t receive(char* bytes, size_t size, size_t count, void* self) {
    auto& exchange = *static_cast<CurlExchange*>(self);
    if (exchange.body_.size() + size * count > exchange.request_.most_bytes) {
      exchange.too_long_ = true;
      return 0;  // ends the transfer
    }
    exchange.body_.append(bytes, size * count);
    return size * count;
  }

  /// Of the answer; empty if it has none.
  std::string header(const char* name) const {
    curl_header* found = nullptr;
    return curl_easy_header(easy_, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
  }

  template <class V>
  void set(CURLoption option, V value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    BRAID_CHECK(code == CURLE_OK, curl_easy_strerror(code));
  }

  CurlHttp& http_;
  const HttpRequest request_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string body_;
  char error_[CURL_ERROR_SIZE] = {};
  bool too_long_ = false;
  std::optional<HttpOutcome> outcome_;
};

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(TlsSettings tls) : tls_(std::move(tls)), multi_(curl_multi_init()) {
    BRAID_CHECK(multi_ != nullptr, "libcurl has no memory");
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, 8L);
  }
  ~CurlHttp() override { curl_multi_cleanup(multi_); }

  std::unique_ptr<HttpExchange> start(HttpRequest request) override {
    auto made = std::make_unique<CurlExchange>(*this, std::move(request), tls_);
    perform();
    return made;
  }

  void wait(int64_t at_most_us) override {
    // Rounded up, so that a caller who waits for a time does not turn in circles before it.
    const int64_t ms = std::clamp<int64_t>((at_most_us + kMillisecond - 1) / kMillisecond, 0, 60'000);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(ms), nullptr);
    perform();
  }

  void add(CURL* easy) { curl_multi_add_handle(multi_, easy); }
  void remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

  void perform() {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* exchange = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
      static_cast<CurlExchange*>(exchange)->finish(message->data.result);
    }
  }

 private:
  const TlsSettings tls_;
  CURLM* multi_;
};

CurlExchange::CurlExchange(CurlHttp& http, HttpRequest request, const TlsSettings& tls)
    : http_(http), request_(std::move(request)), easy_(curl_easy_init()) {
  BRAID_CHECK(easy_ != nullptr, "libcurl has no memory");
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  if (!request_.as_stored) set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_USERAGENT, "braid");
  // An address that cannot be parsed is an outcome, as an address without a server is.
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(request_.timeout_us / kMillisecond, 1)));
  set(CURLOPT_WRITEFUNCTION, &CurlExchange::receive);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (!tls.ca_file.empty()) {
    set(CURLOPT_CAINFO, tls.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // only this one counts
  }
  if (!tls.certificate_file.empty()) {
    set(CURLOPT_SSLCERT, tls.certificate_file.c_str());
    set(CURLOPT_SSLKEY, tls.key_file.c_str());
    if (!tls.key_password.empty()) set(CURLOPT_KEYPASSWD, tls.key_password.c_str());
  }
  switch (request_.method) {
    case HttpMethod::get:
      break;
    case HttpMethod::post:
    case HttpMethod::put:
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(CURLOPT_POSTFIELDS, request_.body.data());
      if (request_.method == HttpMethod::put) set(CURLOPT_CUSTOMREQUEST, "PUT");
      break;
    case HttpMethod::remove:
      set(CURLOPT_CUSTOMREQUEST, "DELETE");
      break;
  }
  for (const std::string& header : request_.headers) headers_ = curl_slist_append(headers_, header.c_str());
  headers_ = curl_slist_append(headers_, "Expect:");  // or a body of a kilobyte waits for an answer of its own
  set(CURLOPT_HTTPHEADER, headers_);
  http_.add(easy_);
}

CurlExchange::~CurlExchange() {
  http_.remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

const HttpOutcome* CurlExchange::poll() {
  if (!outcome_) http_.perform();
  return outcome_ ? &*outcome_ : nullptr;
}

}  // namespace

Result<std::unique_ptr<Http>> make_curl_http(const TlsSettings& tls) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  for (const std::string* path : {&tls.ca_file, &tls.certificate_file, &tls.key_file}) {
    if (path->empty()) continue;
    if (auto file = real_fs().open_reader(*path); !file.ok()) {
      Error error = file.error();
      error.kind = ErrorKind::usage;
      return error;
    }
  }
  return std::unique_ptr<Http>(std::make_unique<CurlHttp>(tls));
}

}  // namespace braid::registry
