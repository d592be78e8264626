// The API's description, drawn; "Try it out" acts as the user who is signed in.
const place = document.getElementById("swagger-ui");
const token = document.querySelector("meta[name=csrf-token]").content;

SwaggerUIBundle({
  url: place.dataset.url,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  layout: "BaseLayout",
  // asks a foreign server otherwise
  validatorUrl: null,
  docExpansion: "none",
  requestInterceptor: (request) => {
    if (!["GET", "HEAD"].includes(request.method)) request.headers["X-CSRFToken"] = token;
    return request;
  },
});
