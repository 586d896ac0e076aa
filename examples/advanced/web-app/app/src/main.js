greet("web-app");
